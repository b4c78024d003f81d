"""Hand-over: a note, a taker, a confirmation; then the pairing and the open tasks go over."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from qianshou.kernel import door, worker
from qianshou.kernel.access import CLOCK, circles_of
from qianshou.kernel.clock import now
from qianshou.kernel.door import acts
from qianshou.kernel.door.sealing import read_sheets
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.outbox import carry_out
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Disclosure, Division, Officer, Posting
from qianshou.kernel.registry.vault import key_of
from qianshou.kernel.worklist.models import Matter, Task
from qianshou.packs.commission.care.circle import cadre_of
from qianshou.packs.commission.care.eligibility import decide_eligibility
from qianshou.packs.commission.care.handover import Move, open_handover
from qianshou.packs.commission.care.models import Child, Handover
from qianshou.packs.commission.care.models.child import IDENTITY
from qianshou.packs.commission.care.register import my_children
from qianshou.packs.commission.care.tests.children import NAME, actor, ledger_text, village
from qianshou.packs.commission.care.tests.enrolled import appoint, do, enrolled, open_steps, pair

Browse = Callable[[str], Client]
NOTE = "每周三晚上要陪她读信"


def begun(at: datetime, **given: Any) -> tuple[Child, int]:
    pair(at)
    pair(at, "procuratorate")
    taker = appoint("shen_lan", "cadre", "procuratorate", at)
    child = enrolled(at)
    receipt = open_handover(child, "cadre", at, by=actor("deng_hong", at), taker=taker, **given)
    return child, receipt.matter


def other_town() -> Division:
    found = Division.objects.filter(kind__in=("village", "community"))
    return found.exclude(parent=village().parent).select_related("parent").order_by("pk")[0]


def test_the_cadre_changes_and_the_open_tasks_go_with_her(district: None, at: datetime) -> None:
    child, matter = begun(at)
    assert not my_children(actor("shen_lan", at)).exists()
    do(matter, "write", "lin_yue", at, note=NOTE, handed=["family", "child"])
    assert NOTE not in ledger_text()
    do(matter, "accept", "shen_lan", at, accepted="yes")
    visit = review_of(child, at)
    do(matter, "confirm", "deng_hong", at, confirmed="yes")
    assert cadre_of(child) == Officer.objects.get(username="shen_lan")
    assert not circles_of(actor("lin_yue", at)).filter(pk=child.circle_id).exists()
    worker.tick(at)
    moved = Task.objects.get(pk=visit)
    assert moved.assignee is not None
    assert (moved.assignee.username, moved.organisation.code) == ("shen_lan", "procuratorate")
    row = Handover.objects.get(matter=matter)
    assert (row.kind, row.done_at) == ("cadre", at)
    assert row.giver is not None
    assert row.taker is not None
    assert (row.giver.username, row.taker.username) == ("lin_yue", "shen_lan")
    assert bytes(row.note)
    assert Matter.objects.get(pk=matter).outcome == "done"
    assert list(verify()) == []


def review_of(child: Child, at: datetime) -> int:
    """Open another hand-over's writing for the same cadre: any task of theirs will do."""
    receipt = door.act(
        acts.Open(
            "care.handover",
            {
                "code": child.code,
                "place": {"division": child.village.code},
                "handover_kind": "moved",
                "takes": "no",
                "giver": Officer.objects.get(username="lin_yue").pk,
                "giver_at": "justice",
                "confirm_at": "longshui-office",
            },
            "handover",
            "longshui-office",
            circle=child.circle_id,
            person=child.person_id,
        ),
        by=CLOCK,
        at=at,
    )
    assert receipt is not None
    return Task.objects.get(matter=receipt.matter, node="write").pk


def test_a_taker_who_declines_changes_nothing(district: None, at: datetime) -> None:
    child, matter = begun(at)
    do(matter, "write", "lin_yue", at, note=NOTE)
    do(matter, "accept", "shen_lan", at, accepted="no", declined_because="已有二十名")
    assert Matter.objects.get(pk=matter).outcome == "declined"
    assert cadre_of(child) == Officer.objects.get(username="lin_yue")
    assert Handover.objects.get(child=child).done_at is None


def test_the_team_may_ask_for_more(district: None, at: datetime) -> None:
    _child, matter = begun(at)
    do(matter, "write", "lin_yue", at, note=NOTE)
    do(matter, "accept", "shen_lan", at, accepted="yes")
    do(matter, "confirm", "deng_hong", at, confirmed="back", confirm_note="请写明走访规律")
    assert open_steps(matter) == ["write"]


@pytest.mark.parametrize(
    ("kind", "given", "code"),
    [
        ("cadre", {}, "care.taker"),
        ("cadre", {"taker": "lin_yue"}, "care.same_cadre"),
        ("cadre", {"taker": "pan_qi"}, "care.cadre"),
        ("moved", {}, "care.where"),
        ("moved", {"move": Move("outside")}, "care.where"),
        ("moved", {"move": Move("inside")}, "care.where"),
    ],
)
def test_what_is_missing_is_refused(
    district: None, at: datetime, kind: str, given: dict[str, Any], code: str
) -> None:
    pair(at)
    child = enrolled(at)
    if "taker" in given:
        given = {"taker": Officer.objects.get(username=given["taker"])}
    with pytest.raises(Refusal) as refused:
        open_handover(child, kind, at, by=actor("deng_hong", at), **given)
    assert refused.value.code == code


def test_only_one_is_under_way_and_only_her_circle_opens_it(district: None, at: datetime) -> None:
    child, _matter = begun(at)
    with pytest.raises(Refusal) as twice:
        open_handover(child, "aged_out", at, by=actor("deng_hong", at))
    assert twice.value.code == "care.handing"
    for username in ("jin_ke", "hao_jian", "xu_min", "shen_lan"):
        with pytest.raises(Refusal) as refused:
            open_handover(child, "aged_out", at, by=actor(username, at))
        assert refused.value.code == "access.denied"


def test_a_child_who_moves_within_the_district_lies_in_her_new_villages_circle(
    district: None, at: datetime
) -> None:
    there = other_town()
    pair(at, "justice")
    pair(at, "procuratorate", there.parent)
    taker = appoint("shen_lan", "cadre", "procuratorate", at)
    child = enrolled(at)
    move = Move("inside", there, "新街三号")
    team = actor("deng_hong", at)
    matter = open_handover(child, "moved", at, by=team, taker=taker, move=move).matter
    do(matter, "write", "lin_yue", at, note=NOTE)
    do(matter, "accept", "shen_lan", at, accepted="yes")
    assert open_steps(matter) == ["confirm"]
    task = Task.objects.get(matter=matter, node="confirm", state=0)
    assert task.organisation.division_id == there.parent_id
    other = str(
        Posting.objects.filter(post="town_team", organisation=task.organisation)
        .values_list("officer__username", flat=True)
        .first()
    )
    assert not my_children(actor(other, at)).filter(pk=child.pk).exists()
    do(matter, "confirm", other, at, confirmed="yes")
    child.refresh_from_db()
    assert (child.village_id, child.town_id) == (there.pk, there.parent_id)
    assert my_children(actor(other, at)).filter(pk=child.pk).exists()
    assert not my_children(actor("deng_hong", at)).filter(pk=child.pk).exists()
    sheet = read_sheets(child.person_id, [IDENTITY], key_of(child.person_id))[IDENTITY]
    assert sheet["address"] == "新街三号"
    assert "新街三号" not in ledger_text()
    assert list(verify()) == []


def test_a_child_who_leaves_the_district_is_moved_and_her_summary_is_handed_on(
    browse: Browse,
) -> None:
    at = now()
    pair(at)
    child = enrolled(at)
    move = Move("outside", receiving="永川区民政局")
    matter = open_handover(child, "moved", at, by=actor("deng_hong", at), move=move).matter
    row = Handover.objects.get(child=child)
    team = browse("deng_hong")
    assert team.post(f"/p/care/handover/{row.pk}/summary/").status_code == 404
    do(matter, "write", "lin_yue", at, note=NOTE)
    do(matter, "confirm", "deng_hong", at, confirmed="yes")
    child.refresh_from_db()
    assert (child.state, cadre_of(child)) == ("moved", None)
    answer = team.post(f"/p/care/handover/{row.pk}/summary/")
    assert answer.status_code == 200
    assert browse("jin_ke").post(f"/p/care/handover/{row.pk}/summary/").status_code == 404
    assert Disclosure.objects.filter(purpose__startswith="跨区移交摘要", allowed=True).exists()


def test_the_clock_opens_one_for_whoever_turned_sixteen(district: None, at: datetime) -> None:
    pair(at)
    child = enrolled(at)
    open_handover(child, "aged_out", at)
    assert Handover.objects.get(child=child).kind == "aged_out"
    sixteen = at.replace(year=2032)
    other = enrolled(at, 4)
    decide_eligibility(other, by=CLOCK, at=sixteen)
    other.refresh_from_db()
    assert other.state == "aged_out"
    carry_out(sixteen)
    carry_out(sixteen)
    row = Handover.objects.get(child=other)
    assert row.matter_id is not None
    assert open_steps(row.matter_id) == ["write"]


def test_the_page_opens_it_and_keeps_what_was_typed(browse: Browse) -> None:
    pair(now())
    pair(now(), "procuratorate")
    appoint("shen_lan", "cadre", "procuratorate", now())
    child = enrolled(now())
    team, address = browse("deng_hong"), f"/p/care/handover/new/?child={child.code}"
    text = team.get(address).content.decode()
    assert "黎○○" in text
    assert NAME not in text
    answer = team.post(address, {"kind": "cadre", "taker": "", "because": "岗位调整"})
    assert answer.status_code == 422
    assert "岗位调整" in answer.content.decode()
    assert "请选择接手的帮扶干部" in answer.content.decode()
    answer = team.post(address, {"kind": "cadre", "taker": "shen_lan", "because": "岗位调整"})
    assert answer.status_code == 302
    assert "岗位调整" not in ledger_text()
    for username in ("jin_ke", "hao_jian", "yuan_bo"):
        assert browse(username).get(address).status_code == 404
