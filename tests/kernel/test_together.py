"""Several at once: two officers on one task, many openings, a clock that jumps back, a kill."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection, connections

from qianshou.kernel import door
from qianshou.kernel.access import Actor
from qianshou.kernel.door import acts
from qianshou.kernel.door.registering import history_of
from qianshou.kernel.ledger.read import entries_of
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.worklist.models import Matter, Task
from tests.kernel.conftest import Office, Paper, make_office, make_paper
from tests.office.town import Town, send

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def office(transactional_db: None, loop_pack: None, at: datetime) -> Office:
    """Return the office in tables that other connections see too."""
    return make_office(at)


@pytest.fixture
def paper(transactional_db: None, sign_pack: None, at: datetime) -> Paper:
    """Return the signers in tables that other connections see too."""
    return make_paper(at)


def together(*does: Callable[[], None]) -> list[str]:
    """Run functions at the same time on connections of their own; return what each was told."""
    told: list[str] = []
    gate = threading.Barrier(len(does))

    def run(do: Callable[[], None]) -> None:
        try:
            gate.wait(timeout=20)
            do()
            told.append("done")
        except Refusal as refused:
            told.append(refused.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(do,)) for do in does]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return sorted(told)


def test_of_two_at_once_one_completes_and_the_other_is_told(office: Office) -> None:
    for _ in range(5):
        matter = office.open()
        task = office.task(matter, "t1")

        def complete(by: Actor, task: int = task) -> Callable[[], None]:
            return lambda: _run(acts.Complete(task, {"again": 0}), by, office.at)

        assert together(complete(office.wang), complete(office.li)) == ["done", "door.already_done"]
    assert list(verify()) == []


def _run(act: acts.Act, by: Actor, at: datetime) -> None:
    door.act(act, by=by, at=at)


def test_of_two_who_claim_at_once_one_has_it_and_the_other_is_told(office: Office) -> None:
    for _ in range(3):
        task = office.task(office.open(), "t1")

        def claim(by: Actor, task: int = task) -> Callable[[], None]:
            return lambda: _run(acts.Claim(task), by, office.at)

        assert together(claim(office.wang), claim(office.li)) == ["done", "door.claimed"]
        assert Task.objects.get(pk=task).assignee_id in (office.wang.officer, office.li.officer)
    assert list(verify()) == []


@pytest.mark.parametrize(
    ("kind", "told"), [("all", ["done", "done"]), ("any", ["done", "door.already_done"])]
)
def test_of_two_who_sign_at_once_both_count_or_the_first_is_enough(
    paper: Paper, kind: str, told: list[str]
) -> None:
    office = paper.office
    for _ in range(3):
        paper.begin(kind)
        tasks = {who: paper.task(who) for who in (office.wang, office.li)}

        def sign(by: Actor, tasks: dict[Actor, int] = tasks) -> Callable[[], None]:
            return lambda: _run(acts.Complete(tasks[by], {"agree": True}), by, office.at)

        assert together(sign(office.wang), sign(office.li)) == told
        assert paper.waiting == ["issue"]
        facts = json.loads(Matter.objects.get(pk=paper.matter).state)["facts"]
        assert len(facts["signed"]) == told.count("done")
    assert list(verify()) == []


def test_numbers_given_at_once_have_neither_gap_nor_double(office: Office) -> None:
    def open_five() -> None:
        for _ in range(5):
            office.open()

    assert together(*[open_five] * 4) == ["done"] * 4
    numbers = sorted(Matter.objects.values_list("number", flat=True))
    assert numbers == [f"B-20261123-{place:04d}" for place in range(1, 21)]
    assert list(verify()) == []


def test_a_claim_and_a_completion_at_once_leave_one_truth(office: Office) -> None:
    matter = office.open()
    task = office.task(matter, "t1")
    together(
        lambda: _run(acts.Claim(task), office.li, office.at),
        lambda: _run(acts.Complete(task, {"again": 0}), office.wang, office.at),
    )
    assert list(verify()) == []
    assert Task.objects.get(pk=task).state in (0, 1)


def test_a_clock_that_jumps_back_does_not_turn_the_ledger_round(office: Office) -> None:
    matter = office.open()
    earlier = office.at - timedelta(hours=3)
    door.act(acts.Comment(matter, "时钟倒退"), by=office.wang, at=earlier)
    task = office.task(matter, "t1")
    door.act(acts.Complete(task, {"again": 0}), by=office.wang, at=earlier)
    instants = [entry["at"] for entry in entries_of(Matter.objects.get(pk=matter).number)]
    assert instants == sorted(instants)
    row = Task.objects.get(matter=matter, node="t2")
    assert row.due_at > row.opened_at >= office.at
    assert list(verify()) == []


OPEN_FOR_EVER = """
import sys
from qianshou.cli import open_house
open_house()
from qianshou.demo.district import build_district
from qianshou.kernel import door
from qianshou.kernel.access import actor_of
from qianshou.kernel.clock import now
from qianshou.kernel.door import acts
from qianshou.kernel.door.registering import history_of
from qianshou.kernel.registry.models import Division, Officer
build_district(now(), 1)
by = actor_of(Officer.objects.get(username="zhang_min"), now())
village = Division.objects.filter(parent__name="龙水镇").order_by("pk")[0].code
facts = {"source": "110", "summary": "夜间噪声", "place": {"division": village}}
while True:
    receipt = door.act(acts.Open("police.gate", facts, "register"), by=by, at=now())
    print(receipt.number, flush=True)
"""


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the file of the embedded database")
def test_a_kill_in_the_middle_loses_no_acknowledged_act(tmp_path: Path) -> None:
    given = {key: text for key, text in os.environ.items() if key != "DATABASE_URL"}
    given |= {"QIANSHOU_VAR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "qianshou"]
    subprocess.run(
        [sys.executable, "-m", "django", "migrate", "-v0", "--settings", "qianshou.settings"],
        cwd=ROOT, env=given, check=True, timeout=120,
    )  # fmt: skip
    install = (
        "from qianshou.cli import open_house; open_house();"
        "from qianshou.kernel.installing import install_packs;"
        "from qianshou.kernel.clock import now; install_packs(now())"
    )
    subprocess.run([sys.executable, "-c", install], cwd=ROOT, env=given, check=True, timeout=120)
    with subprocess.Popen(
        [sys.executable, "-c", OPEN_FOR_EVER],
        cwd=ROOT,
        env=given,
        stdout=subprocess.PIPE,
        text=True,
    ) as loading:
        assert loading.stdout is not None
        told = [loading.stdout.readline().strip()]
        time.sleep(0.7)
        os.kill(loading.pid, signal.SIGKILL)
        told += [line.strip() for line in loading.stdout if line.strip()]
    assert len(told) > 5
    count = (
        "from qianshou.cli import open_house; open_house();"
        "from qianshou.kernel.worklist.models import Matter;"
        "print(*Matter.objects.values_list('number', flat=True))"
    )
    kept = subprocess.run(
        [sys.executable, "-c", count],
        cwd=ROOT,
        env=given,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert set(told) <= set(kept)
    assert len(kept) <= len(told) + 1
    checked = subprocess.run([*command, "verify"], cwd=ROOT, env=given, check=False)
    assert checked.returncode == 0


def test_of_two_administrators_who_save_at_once_one_is_told(transactional_db: None) -> None:
    town = Town()
    answers: list[int] = []

    def rename(name: str) -> Callable[[], None]:
        client = town.client(town.system)
        sent = {
            "name": name, "name_en": "x", "kind": "station", "division": str(town.longshui.pk),
            "valid_from": "2024-01-01", "seq": str(len(history_of(town.station))),
        }  # fmt: skip
        return lambda: answers.append(
            send(client, "registry-row", "organisations", town.station.pk, **sent).status_code
        )

    for number in range(5):
        answers.clear()
        assert together(rename(f"甲{number}"), rename(f"乙{number}")) == ["done", "done"]
        assert sorted(answers) == [302, 422]
