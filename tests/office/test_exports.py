"""Every list goes out as a workbook and as CSV, within the rules of its page; the ledger as OCEL."""

import csv
import io
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

from qianshou import cli
from qianshou.design.download import write_csv
from qianshou.design.environment import instant
from qianshou.kernel.ledger.ocel import export_ocel
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Officer
from qianshou.kernel.registry.sheets import Column
from qianshou.kernel.registry.synthetic import remember
from qianshou.kernel.worklist.models import Matter, Task
from qianshou.office import worklist
from tests.office.calls import TRIAGE, open_task, register_call, send

Browse = Callable[[str], Client]
LISTS = (
    ("zhang_min", "/", "/list/sheet/?list=organisation", "夜间施工噪声扰民"),
    ("zhang_min", "/m/", "/m/export/", "夜间施工噪声扰民"),
    ("zhang_min", "/notices/", "/notices/sheet/", ""),
    ("hao_jian", "/campaigns/", "/campaigns/sheet/", ""),
    ("zhang_min", "/indicators/", "/indicators/sheet/?pack=police.gate", "诉求件数"),
    ("zhang_min", "/indicators/police.gate/calls/", "/indicators/police.gate/calls/sheet/", "龙水"),
    ("zhang_min", "/indicators/publications/", "/indicators/publications/sheet/", ""),
    ("audit_admin", "/audit/", "/audit/sheet/", "登记"),
    ("audit_admin", "/logins/", "/logins/export/", ""),
    ("sec_admin", "/disclosures/", "/disclosures/export/", ""),
    ("sys_admin", "/registry/organisations/", "/registry/organisations/sheet/", "龙水"),
)


@pytest.mark.parametrize(("who", "page", "sheet", "word"), LISTS, ids=[row[1] for row in LISTS])
def test_a_list_goes_out_both_ways_from_its_page(browse: Browse, who, page, sheet, word):
    register_call(browse("zhang_min"))
    client = browse(who)
    shown = client.get(page)
    assert shown.status_code == 200
    path = sheet.partition("?")[0]
    assert f'href="{path}' in shown.content.decode()
    joint = "&" if "?" in sheet else "?"
    assert client.get(sheet).content[:2] == b"PK"
    answer = client.get(f"{sheet}{joint}as=csv")
    assert answer.headers["Content-Type"].startswith("text/csv")
    text = answer.content.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert {len(row) for row in rows} == {len(rows[0])}
    assert word in text
    assert "10000000001" not in text


def test_who_may_not_see_a_list_may_not_take_it_away(browse: Browse):
    other = browse("zhang_min")
    for address in ("/audit/sheet/", "/audit/ocel/", "/disclosures/export/"):
        assert other.get(address).status_code == 403
    assert browse("audit_admin").get("/campaigns/sheet/").status_code == 403
    register_call(other)
    assert "夜间施工" not in browse("lin_yue").get("/m/export/?as=csv").content.decode()


def lines_of(client: Client, address: str) -> list[list[str]]:
    """Return the lines of a CSV file, without the heading."""
    text = client.get(address).content.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))[1:]


def test_a_suspended_task_goes_out_without_a_deadline(browse: Browse):
    seat = browse("zhang_min")
    matter = register_call(seat)
    assert send(seat, matter, "suspend", text="等部门答复").status_code == 302
    assert lines_of(seat, "/list/sheet/?list=organisation&as=csv")[0][-2:] == [
        instant(open_task(matter).opened_at), ""
    ]  # fmt: skip
    assert lines_of(seat, "/m/export/?as=csv")[0][-1] == ""


def test_a_list_that_is_cut_says_so(browse: Browse, monkeypatch: pytest.MonkeyPatch):
    seat = browse("zhang_min")
    for _ in range(2):
        register_call(seat)
    monkeypatch.setattr(worklist, "MOST", 2)
    address = "/list/sheet/?list=organisation&as=csv"
    assert len(lines_of(seat, address)) == 2
    monkeypatch.setattr(worklist, "MOST", 1)
    (_task, last) = lines_of(seat, address)
    assert last[0].startswith("只导出了前 1 行")


def test_a_task_that_has_no_english_name_goes_out_under_its_own(browse: Browse):
    seat = browse("zhang_min")
    matter = register_call(seat)
    Task.objects.filter(matter=matter).update(name_en="")
    seat.cookies["django_language"] = "en"
    assert lines_of(seat, "/list/sheet/?list=organisation&as=csv")[0][2] == "研判"


def test_a_cell_that_a_spreadsheet_would_compute_is_kept_a_text(db: None):
    columns = (Column("a", "甲", "A"), Column("b", "乙", "B"))
    rows = [("=1+1", "-32.8%"), ("@x", '引"号,和\n行')]
    told = write_csv(columns, rows, "zh-hans").decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(told))) == [
        ["甲", "乙"], ["'=1+1", "-32.8%"], ["'@x", '引"号,和\n行'],
    ]  # fmt: skip
    remember(True)
    assert "合成数据" in write_csv(columns, rows, "zh-hans").decode()


@pytest.fixture
def worked(browse: Browse) -> int:
    """Return a call that was triaged, beside one that a circle hides."""
    seat = browse("zhang_min")
    hidden = register_call(seat, summary="圈内的事")
    matter = register_call(seat)
    assert send(seat, matter, "complete", **TRIAGE).status_code == 302
    from qianshou.kernel.registry.models import Circle

    circle = Circle.objects.create(about="police.gate")
    Matter.objects.filter(pk=hidden).update(circle=circle)
    return matter


def test_the_ledger_goes_out_without_names_facts_or_circles(worked: int, tmp_path: Path):
    path = tmp_path / "ledger.json"
    assert export_ocel(path) >= 2
    number = Matter.objects.get(pk=worked).number
    told = json.loads(path.read_text(encoding="utf-8"))
    ids = {one["id"] for one in told["objects"]}
    assert f"matter-{number}" in ids
    for entry in told["events"]:
        assert entry["id"].startswith(number)
        assert {one["objectId"] for one in entry["relationships"]} <= ids
    whole = path.read_text(encoding="utf-8")
    clerk = Officer.objects.get(username="zhang_min")
    for word in ("夜间施工", "圈内", "10000000001", "王芳", clerk.name, "zhang_min"):
        assert word not in whole
    assert len([one for one in ids if one.startswith("officer-")]) == 1
    again = tmp_path / "again.json"
    export_ocel(again)
    others = {one["id"] for one in json.loads(again.read_text(encoding="utf-8"))["objects"]}
    assert not {one for one in ids & others if one.startswith("officer-")}


@pytest.mark.slow
def test_pm4py_reads_it_and_discovers_the_procedure(worked: int, tmp_path: Path):
    path = tmp_path / "ledger.json"
    count = export_ocel(path)
    mined = (
        "import sys, pm4py\n"
        "told = pm4py.read_ocel2_json(sys.argv[1])\n"
        "net = pm4py.discover_oc_petri_net(told)\n"
        "print(len(told.events), sorted(net['activities']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", mined, str(path)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "police.gate complete triage" in done.stdout
    assert f"{count} [" in done.stdout


def test_the_same_stands_in_the_relational_format(worked: int, tmp_path: Path):
    path = tmp_path / "ledger.sqlite"
    count = export_ocel(path)
    with sqlite3.connect(path) as file:
        assert file.execute("SELECT COUNT(*) FROM event").fetchone() == (count,)
        loose = (
            "SELECT COUNT(*) FROM event_object WHERE ocel_object_id NOT IN "
            "(SELECT ocel_id FROM object)"
        )
        assert file.execute(loose).fetchone() == (0,)
        kinds = dict(file.execute("SELECT ocel_type, ocel_type_map FROM event_map_type"))
        table = kinds["police.gate complete triage"]
        assert file.execute(f"SELECT act, node FROM event_{table}").fetchall() == [
            ("complete", "triage")
        ]
    file.close()


def test_the_button_gives_the_auditor_the_file(browse: Browse, worked: int):
    answer = browse("audit_admin").get("/audit/ocel/")
    told = json.loads(b"".join(answer.streaming_content))  # type: ignore[attr-defined]
    assert "police.gate open registered" in {one["name"] for one in told["eventTypes"]}


def test_the_command_writes_it_and_refuses_other_endings(district: None, tmp_path: Path, capsys):
    assert cli.main(["export", "ocel", str(tmp_path / "a.json")]) == 0
    assert cli.main(["export", "ocel", str(tmp_path / "a.xes")]) == 2
    assert "[ocel.format]" in capsys.readouterr().err
    with pytest.raises(Refusal) as refused:
        export_ocel(tmp_path / "none" / "a.json")
    assert refused.value.code == "ocel.file"
