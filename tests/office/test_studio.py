"""The studio: drafted by one officer, explained, tried on paper, published by another."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.http import QueryDict
from django.test import Client

import qianshou
from qianshou.kernel import revising
from qianshou.kernel.access import actor_of
from qianshou.kernel.installing import install_packs
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.procedures.difference import differences
from qianshou.kernel.procedures.models import Revision, Version
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Officer
from qianshou.kernel.revising import sources_of
from qianshou.office.studio import forms
from qianshou.office.studio.modelers import WORDS

Browse = Callable[[str], Client]
CAUSE = "police.gate.cause"
DRAFTER = "jiang_yue"


@pytest.fixture
def other(district: None) -> str:
    """Return the other account of the district seat, which whoever tries it out has."""
    return "feng_yi"


@pytest.fixture
def revision(browse: Browse) -> Revision:
    browse(DRAFTER).post(f"/procedures/{CAUSE}/revise/")
    return Revision.objects.get()


def bpmn(revision: Revision) -> str:
    revision.refresh_from_db()
    return sources_of(revision)["bpmn"][CAUSE]


def draw(client: Client, revision: Revision, text: str, seq: int | None = None) -> Any:
    revision.refresh_from_db()
    sent = {"text": text, "seq": revision.seq if seq is None else seq}
    return client.post(f"/studio/{revision.pk}/bpmn/{CAUSE}/", sent)


def act(client: Client, revision: Revision, what: str, **sent: Any) -> Any:
    return client.post(f"/studio/{revision.pk}/act/{what}/", sent)


def renamed(revision: Revision) -> str:
    text = bpmn(revision)
    before = text.split("<userTask", 1)[1].split('name="', 1)[1].split('"', 1)[0]
    return text.replace(f'name="{before}"', 'name="改过的环节"', 1)


def test_a_revision_is_drafted_offered_and_published_by_another(
    browse: Browse, revision: Revision, other: str, at: datetime
) -> None:
    drafter, second = browse(DRAFTER), browse(other)
    before = Version.objects.get(procedure=CAUSE, is_current=True)
    assert draw(drafter, revision, renamed(revision)).json() == {"seq": 1}
    page = drafter.get(f"/studio/{revision.pk}/").content.decode()
    assert "改过的环节" in page
    assert "没有发现问题" in page
    assert act(drafter, revision, "offer", note="环节改名").status_code == 302
    assert act(second, revision, "publish").status_code == 302
    revision.refresh_from_db()
    now_current = Version.objects.get(procedure=CAUSE, is_current=True)
    assert revision.version == now_current
    assert now_current.is_own
    assert now_current.number == before.number + 1
    shown = drafter.get(f"/procedures/{CAUSE}/").content.decode()
    assert "改过的环节" in shown
    assert "本区修订" in shown
    assert not [one for one in verify() if "revision" in one.subject]
    install_packs(at)
    assert Version.objects.get(procedure=CAUSE, is_current=True) == now_current


def test_what_a_pack_brings_takes_no_place_of_the_districts_own(
    browse: Browse, revision: Revision, other: str, at: datetime
) -> None:
    from qianshou.kernel.procedures.versions import publish

    draw(browse(DRAFTER), revision, renamed(revision))
    act(browse(DRAFTER), revision, "offer", note="环节改名")
    act(browse(other), revision, "publish")
    newer = {**revision.origin.sources, "dmn": {}}
    brought = publish(CAUSE, newer, at=at)
    assert not brought.is_current
    assert "从这一版起草" in browse(DRAFTER).get(f"/procedures/{CAUSE}/").content.decode()


def test_nobody_publishes_what_they_drafted(browse: Browse, revision: Revision) -> None:
    drafter = browse(DRAFTER)
    draw(drafter, revision, renamed(revision))
    act(drafter, revision, "offer", note="环节改名")
    answer = act(drafter, revision, "publish")
    assert answer.status_code == 422
    assert "由另一人发布" in answer.content.decode()
    revision.refresh_from_db()
    with pytest.raises(IntegrityError), transaction.atomic():
        Revision.objects.filter(pk=revision.pk).update(
            state="published", version=revision.origin, decided_by=revision.drafted_by
        )


def test_a_revision_is_given_back_with_a_reason_taken_back_and_dropped(
    browse: Browse, revision: Revision, other: str
) -> None:
    drafter, second = browse(DRAFTER), browse(other)
    draw(drafter, revision, renamed(revision))
    act(drafter, revision, "offer", note="环节改名")
    assert "请写明退回原因" in act(second, revision, "give-back", reason=" ").content.decode()
    act(second, revision, "give-back", reason="名称要和文件一致")
    revision.refresh_from_db()
    assert revision.state == "draft"
    act(drafter, revision, "offer", note="再送")
    act(drafter, revision, "take-back")
    act(drafter, revision, "drop")
    revision.refresh_from_db()
    assert revision.state == "dropped"
    assert draw(drafter, revision, bpmn(revision)).status_code == 422


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<no", "不是完好的 XML"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><definitions/>', "DOCTYPE"),
        ("x" * (revising.LARGEST + 1), "超过 1 MB"),
    ],
)
def test_what_is_no_file_is_refused_and_the_draft_stays(
    browse: Browse, revision: Revision, text: str, said: str
) -> None:
    before = bpmn(revision)
    answer = draw(browse(DRAFTER), revision, text)
    assert answer.status_code == 422
    assert said in answer.json()["refused"][0]
    assert bpmn(revision) == before


def test_a_draft_saved_elsewhere_meanwhile_is_not_overwritten(
    browse: Browse, revision: Revision
) -> None:
    first = renamed(revision)
    draw(browse(DRAFTER), revision, first)
    answer = draw(browse(DRAFTER), revision, first.replace("改过", "又改过"), seq=0)
    assert "已在别处保存过" in answer.json()["refused"][0]
    assert bpmn(revision) == first


def test_an_error_keeps_it_from_being_offered_and_is_told_while_drawing(
    browse: Browse, revision: Revision
) -> None:
    drafter = browse(DRAFTER)
    text = bpmn(revision)
    wrong = text.replace("camunda:formKey=", "camunda:gone=", 1)
    told = drafter.post(f"/studio/{revision.pk}/bpmn/{CAUSE}/lint/", {"text": wrong}).json()
    assert [one for one in told["findings"] if one["severity"] == "error"]
    draw(drafter, revision, wrong)
    answer = act(drafter, revision, "offer", note="试试")
    assert "处错误" in answer.content.decode()
    assert "试试" in answer.content.decode()


def test_what_does_not_differ_and_what_has_no_note_is_not_offered(
    browse: Browse, revision: Revision
) -> None:
    drafter = browse(DRAFTER)
    assert "没有不同" in act(drafter, revision, "offer", note="无").content.decode()
    draw(drafter, revision, renamed(revision))
    assert "请写明改了什么" in act(drafter, revision, "offer", note="").content.decode()


def test_a_revision_of_what_is_no_longer_in_force_is_not_published(
    browse: Browse, revision: Revision, other: str
) -> None:
    drafter, second = browse(DRAFTER), browse(other)
    drafter.post(f"/procedures/{CAUSE}/revise/")
    later = Revision.objects.latest("pk")
    draw(drafter, revision, renamed(revision))
    draw(drafter, later, renamed(later).replace("改过的", "后改的"))
    act(drafter, revision, "offer", note="先")
    act(drafter, later, "offer", note="后")
    act(second, revision, "publish")
    assert "从在用的一版重新起草" in act(second, later, "publish").content.decode()


@pytest.mark.parametrize("username", ["zhang_min", "sys_admin", "audit_admin"])
def test_only_seats_that_revise_come_into_the_studio(
    browse: Browse, revision: Revision, username: str, at: datetime
) -> None:
    client = browse(username)
    for address in (
        f"/studio/{revision.pk}/",
        f"/studio/{revision.pk}/bpmn/{CAUSE}/",
        f"/studio/{revision.pk}/forms/cause/",
        f"/studio/{revision.pk}/paper/",
    ):
        assert client.get(address).status_code == 403
    with pytest.raises(Refusal):
        revising.begin(
            revision.origin, by=actor_of(Officer.objects.get(username=username), at), at=at
        )


def test_an_earlier_version_comes_back_by_a_revision_from_it(
    browse: Browse, revision: Revision, other: str
) -> None:
    drafter, second = browse(DRAFTER), browse(other)
    first = revision.origin
    draw(drafter, revision, renamed(revision))
    act(drafter, revision, "offer", note="改名")
    act(second, revision, "publish")
    drafter.post(f"/procedures/{CAUSE}/revise/", {"version": first.pk})
    back = Revision.objects.latest("pk")
    act(drafter, back, "offer", note="改回去")
    act(second, back, "publish")
    assert Version.objects.get(procedure=CAUSE, is_current=True) == first


def test_another_packs_effect_and_a_message_that_goes_nowhere_are_errors(
    revision: Revision,
) -> None:
    sources = sources_of(revision)
    text = sources["bpmn"][CAUSE]
    one = text.split("<userTask", 1)[1].split('id="', 1)[1].split('"', 1)[0]
    end = text.split("<endEvent", 1)[1].split(">", 1)[0]
    task = f'<userTask id="{one}"'
    sources["bpmn"][CAUSE] = text.replace(
        task, task.replace("<userTask", '<serviceTask qs:effect="care.erase_child"'), 1
    )
    assert end
    closing = sources["bpmn"][CAUSE].index("</userTask>") if "</userTask>" in text else -1
    if closing > 0:
        sources["bpmn"][CAUSE] = sources["bpmn"][CAUSE].replace("</userTask>", "</serviceTask>", 1)
    found = [finding.code for _, _, finding in revising.findings_of(CAUSE, sources)]
    assert "revising.effect" in found


def test_files_are_uploaded_removed_and_brought_back(browse: Browse, revision: Revision) -> None:
    drafter = browse(DRAFTER)
    text = renamed(revision).encode()
    act(drafter, revision, "upload", file=SimpleUploadedFile(f"{CAUSE}.bpmn", text))
    assert "改过的环节" in bpmn(revision)
    act(drafter, revision, "restore", file=f"bpmn/{CAUSE}")
    assert bpmn(revision) == revision.origin.sources["bpmn"][CAUSE]
    act(drafter, revision, "add-form", name="extra")
    act(drafter, revision, "remove", file="forms/extra")
    revision.refresh_from_db()
    assert "extra" not in sources_of(revision)["forms"]
    assert "不能删去" in act(drafter, revision, "remove", file=f"bpmn/{CAUSE}").content.decode()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("x.exe", b"MZ", "只收"),
        ("x.bpmn", b"\xff\xfe\xff", "UTF-8"),
        ("a b.bpmn", b"<definitions/>", "文件名只用"),
        ("x.json", b"{", "不是 JSON"),
    ],
)
def test_an_upload_that_cannot_be_meant_is_refused(
    browse: Browse, revision: Revision, name: str, content: bytes, said: str
) -> None:
    answer = act(browse(DRAFTER), revision, "upload", file=SimpleUploadedFile(name, content))
    assert answer.status_code == 422
    assert said in answer.content.decode()


def test_the_scanner_is_asked_about_an_upload(
    browse: Browse, revision: Revision, settings: LazySettings
) -> None:
    settings.CLAMAV = "/nowhere/clamd.ctl"
    file = SimpleUploadedFile("x.bpmn", b"<definitions/>")
    answer = act(browse(DRAFTER), revision, "upload", file=file)
    assert answer.status_code == 422
    assert "杀毒程序没有应答" in answer.content.decode()


def row(place: int, **told: str) -> dict[str, str]:
    return {f"{place}.{key}": value for key, value in told.items()}


def test_a_form_is_edited_by_rows_and_shown_as_it_will_look(
    browse: Browse, revision: Revision
) -> None:
    drafter = browse(DRAFTER)
    address = f"/studio/{revision.pk}/forms/cause/"
    page = drafter.get(address).content.decode()
    assert "预览" in page
    sent = {
        "seq": "0", "count": "2", "title": "立项", "x_en": "Open",
        **row(0, id="summary", was="summary", kind="text", title="事由", x_en="Matter",
              required="on", most="60"),
        **row(1, id="how", was="", kind="radio", title="方式", x_en="How",
              choices="a | 甲 | One\nb | 乙 | Two"),
    }  # fmt: skip
    shown = drafter.post(f"{address}preview/", sent).content.decode()
    assert "甲" in shown
    assert drafter.post(address, {**sent, "do": "save"}).status_code == 302
    revision.refresh_from_db()
    told = json.loads(sources_of(revision)["forms"]["cause"])
    assert told["required"] == ["summary"]
    assert told["properties"]["how"]["oneOf"][1] == {"const": "b", "title": "乙", "x-en": "Two"}
    assert told["properties"]["summary"]["maxLength"] == 60
    added = drafter.post(address, {**sent, "do": "add"}).content.decode()
    assert 'name="2.id"' in added
    moved = drafter.post(address, {**sent, "do": "up:1"}).content.decode()
    assert moved.index('value="how"') < moved.index('value="summary"')


def test_wrong_rows_of_a_form_are_told_beside_their_fields_and_nothing_typed_is_lost(
    browse: Browse, revision: Revision
) -> None:
    sent = {
        "seq": "0", "count": "2", "title": "立项", "x_en": "Open", "do": "save",
        **row(0, id="1x", kind="text", title="错编号", x_en="Wrong"),
        **row(1, id="b", kind="radio", title="错选项", x_en="Wrong", choices="只有值"),
    }  # fmt: skip
    answer = browse(DRAFTER).post(f"/studio/{revision.pk}/forms/cause/", sent)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "编号用英文字母" in page
    assert "每行一项" in page
    assert "只有值" in page


@pytest.mark.parametrize(
    "path",
    sorted(Path(qianshou.__file__).parent.glob("packs/*/*/forms/*.json")),
    ids=lambda it: it.stem,
)
def test_saving_a_form_untouched_changes_nothing(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    told = json.loads(text)
    sent = QueryDict(mutable=True)
    sent.update({"title": told["title"], "x_en": told["x-en"]})
    before = {"bpmn": {}, "dmn": {}, "forms": {path.stem: text}}
    kept = forms.form_text(sent, forms.rows_of(told), text)
    after = {"bpmn": {}, "dmn": {}, "forms": {path.stem: kept}}
    assert [part for one in differences(before, after) for part in one.parts] == []


def test_a_paper_matter_walks_the_procedure_and_leaves_no_trace(
    browse: Browse, revision: Revision
) -> None:
    from qianshou.kernel.worklist.models import Matter

    drafter = browse(DRAFTER)
    address = f"/studio/{revision.pk}/paper/"
    page = drafter.get(address).content.decode()
    assert "从这里开始" in page
    refused = drafter.post(address, {"do": "open:found"})
    assert refused.status_code == 422
    assert "请填写此项" in refused.content.decode()
    before = Matter.objects.count()
    form = json.loads(sources_of(revision)["forms"]["cause"])
    assert form["required"]
    answer = drafter.post(address, filled(form, "open:found"))
    assert answer.status_code == 200
    assert "办结这一步" in answer.content.decode()
    moves = answer.context["moves"] if answer.context else hidden(answer.content.decode())
    back = drafter.post(address, {"do": "back", "moves": moves})
    assert "从这里开始" in back.content.decode()
    odd = drafter.post(address, {"do": "complete:x", "moves": moves})
    assert odd.status_code == 422
    draw(drafter, revision, renamed(revision))
    anew = drafter.post(address, {"do": "complete:1", "moves": moves})
    assert anew.status_code == 422
    assert "从这里开始" in anew.content.decode()
    assert Matter.objects.count() == before


def filled(form: dict[str, Any], do: str) -> dict[str, str]:
    """Return what fills the cause's form."""
    from qianshou.kernel.registry.choices import choices_of
    from qianshou.kernel.registry.models import Division

    sent = {"do": do}
    for key, field in form["properties"].items():
        if field.get("x-widget") == "place":
            village = Division.objects.filter(parent__name="龙水镇").order_by("pk")[0]
            sent |= {f"{key}.division": village.code, f"{key}.address": "路口"}
        elif field.get("x-catalogue"):
            sent[key] = sorted(choices_of(field["x-catalogue"]))[0]
        elif field.get("x-widget") == "organisation":
            sent[key] = sorted(choices_of("organisation"))[0]
        elif field.get("oneOf"):
            sent[key] = field["oneOf"][0]["const"]
        else:
            sent[key] = "测试"
    return sent


def hidden(page: str) -> str:
    return page.split('name="moves" value="', 1)[1].split('"', 1)[0]


def test_a_procedure_that_does_not_compile_is_told_on_paper(
    browse: Browse, revision: Revision
) -> None:
    drafter = browse(DRAFTER)
    draw(
        drafter,
        revision,
        bpmn(revision).replace("<userTask", "<scriptTask").replace("</userTask", "</scriptTask"),
    )
    page = drafter.get(f"/studio/{revision.pk}/paper/")
    assert page.status_code == 200
    assert "scriptTask" in page.content.decode()


def test_differences_name_elements_and_fields(revision: Revision) -> None:
    before = revision.origin.sources
    after = json.loads(json.dumps(before))
    after["bpmn"][CAUSE] = renamed(revision)
    form = json.loads(after["forms"]["cause"])
    form["properties"]["new_one"] = {"type": "string", "title": "新", "x-en": "New"}
    after["forms"]["cause"] = json.dumps(form)
    found = differences(before, after)
    assert [(one.kind, one.change) for one in found] == [("bpmn", "changed"), ("forms", "added")]
    assert found[0].parts[0][2] == "改过的环节"


def test_every_word_of_the_modelers_is_still_in_a_vendored_modeler() -> None:
    vendor = Path(qianshou.__file__).parent / "design/static/vendor"
    source = "".join(
        (vendor / f"{kind}-modeler.production.min.js").read_text("utf-8")
        for kind in ("bpmn", "dmn")
    )

    def told(words: str) -> bool:
        return any(f"{quote}{words}{quote}" in source for quote in "\"'`")

    composed = [words for words in WORDS if not told(words)]  # "Align elements " + "left"
    assert not [
        words
        for words in composed
        if not any(told(words[:cut]) and told(words[cut:]) for cut in range(1, len(words)))
    ]


def test_the_modelers_speak_the_language_of_the_page(browse: Browse, revision: Revision) -> None:
    client = browse(DRAFTER)
    page = f"/studio/{revision.pk}/bpmn/{CAUSE}/"
    assert "新建任务" in client.get(page).content.decode()
    client.cookies["django_language"] = "en"
    assert "新建任务" not in client.get(page).content.decode()
