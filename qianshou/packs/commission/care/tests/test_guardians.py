"""The guardian's way in: codes, what is read and logged, what is asked for."""

from datetime import datetime, timedelta

import pytest

from qianshou.kernel import door
from qianshou.kernel.access import CLOCK
from qianshou.kernel.calendar import due_at
from qianshou.kernel.door import acts
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.door.sealing import open_sheets
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.limits.counting import TooMany
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.models import Disclosure, Person
from qianshou.kernel.registry.vault import key_of, open_value
from qianshou.kernel.registry.workdays import work_calendar
from qianshou.kernel.worklist.models import Matter, Task
from qianshou.packs.commission.care.circle import add_officer
from qianshou.packs.commission.care.guardians import (
    ask,
    find_link,
    give_link,
    new_code,
    read_own,
    readings_of,
    revoke_link,
    use_code,
)
from qianshou.packs.commission.care.models import Child, GuardianLink, GuardianRequest
from qianshou.packs.commission.care.models.child import GUARDIANSHIP
from qianshou.packs.commission.care.tests.children import (
    BOTH_AWAY,
    ENTRUSTED,
    NAME,
    actor,
    ledger_text,
    make_child,
)

ADDRESS = "应当是朝阳社区三组 18 号"


@pytest.fixture
def child(district: None, at: datetime) -> Child:
    """Return a girl of the register."""
    return make_child(at, guardianship=BOTH_AWAY | ENTRUSTED)


@pytest.fixture
def link(child: Child, at: datetime) -> GuardianLink:
    """Return the link that 方婷 gave to the girl's father."""
    return give_link(child, "guardian", by=actor("fang_ting", at), at=at)[0]


def code_of(doing: object) -> str:
    with pytest.raises(Refusal) as refused:
        doing()  # type: ignore[operator]
    return refused.value.code


def test_a_code_opens_once_and_for_a_quarter_of_an_hour(link: GuardianLink, at: datetime) -> None:
    by = actor("fang_ting", at)
    code = new_code(link, by=by, at=at)
    assert len(code) == 6
    use_code(link, code, at=at + timedelta(minutes=14))
    assert code_of(lambda: use_code(link, code, at=at)) == "care.code"
    code = new_code(link, by=by, at=at)
    assert code_of(lambda: use_code(link, code, at=at + timedelta(minutes=15))) == "care.code_over"


def test_after_five_wrong_codes_the_right_one_does_not_help(
    link: GuardianLink, at: datetime
) -> None:
    code = new_code(link, by=actor("fang_ting", at), at=at)
    wrong = "000000" if code != "000000" else "000001"
    for _ in range(5):
        assert code_of(lambda: use_code(link, wrong, at=at)) == "care.code"
    with pytest.raises(TooMany):
        use_code(link, code, at=at)


def test_a_link_ends_when_it_is_revoked_replaced_or_old(child: Child, at: datetime) -> None:
    by = actor("fang_ting", at)
    first, token = give_link(child, "guardian", by=by, at=at)
    assert find_link(token, at) == first
    assert find_link(token, at + timedelta(days=181)) is None
    assert find_link(token + "x", at) is None
    second, other = give_link(child, "guardian", by=by, at=at)
    assert find_link(token, at) is None
    revoke_link(second, by=by, at=at)
    assert find_link(other, at) is None


def test_neither_token_nor_code_is_kept(child: Child, at: datetime) -> None:
    by = actor("fang_ting", at)
    link, token = give_link(child, "guardian", by=by, at=at)
    code = new_code(link, by=by, at=at)
    link.refresh_from_db()
    assert token not in str(vars(link))
    assert code not in (link.code_digest, link.token_digest)
    assert token not in ledger_text()


def test_a_guardian_reads_everything_and_it_is_written_down_as_such(
    link: GuardianLink, at: datetime
) -> None:
    told = read_own(link, at=at)
    assert told["care.identity"]["name"] == NAME
    assert told["care.household"] == {"members": "祖母"}
    row = Disclosure.objects.get(person=link.child.person_id)
    assert (row.officer, row.purpose, row.allowed) == (None, "监护人本人查看", True)
    assert list(verify()) == []


def test_a_carer_signs_and_reads_nothing(child: Child, at: datetime) -> None:
    carer, _token = give_link(child, "carer", by=actor("fang_ting", at), at=at)
    assert code_of(lambda: read_own(carer, at=at)) == "access.denied"
    assert code_of(lambda: ask(carer, "correct", "改地址", at=at)) == "access.denied"


def test_the_guardian_is_told_who_opened_what_for_but_nothing_of_a_report_of_harm(
    link: GuardianLink, at: datetime
) -> None:
    child = link.child
    add_officer(child.circle, "cadre", _officer("lin_yue"), by=CLOCK, at=at)
    add_officer(child.circle, "station", _officer("yuan_bo"), by=CLOCK, at=at)
    for username, purpose in (
        ("lin_yue", "走访前准备"),
        ("yuan_bo", "核查线索"),
        ("fang_ting", "强制报告 QB-20261123-0001"),
    ):
        open_sheets(child.person_id, [GUARDIANSHIP], by=actor(username, at), at=at, purpose=purpose)
    read_own(link, at=at)
    found = readings_of(child)
    assert [(one.name, one.purpose) for one in found] == [
        ("", "监护人本人查看"),
        ("林悦", "走访前准备"),
    ]
    assert found[1].organisation == "区司法局"


def _officer(username: str):
    from qianshou.kernel.registry.models import Officer

    return Officer.objects.get(username=username)


def complete(matter: int, by: str, at: datetime, **facts: str) -> None:
    task = Task.objects.get(matter=matter, state=0)
    door.act(acts.Complete(task.pk, facts), by=actor(by, at), at=at)


def test_a_correction_is_a_task_of_the_village_with_fifteen_working_days(
    link: GuardianLink, at: datetime
) -> None:
    receipt = ask(link, "correct", ADDRESS, "care.identity", at=at)
    assert receipt.number[:2] == "SQ"
    task = Task.objects.get(matter=receipt.matter, state=0)
    assert task.posts == "village_child,town_team"
    assert task.due_at == due_at(at, "15wd", work_calendar()).at
    matter = Matter.objects.get(pk=receipt.matter)
    assert matter.circle_id == link.child.circle_id
    assert ADDRESS not in matter.state
    told = door.act(
        acts.Disclose(receipt.matter, "sealed", "核对住址"), by=actor("fang_ting", at), at=at
    )
    assert told is not None
    assert told.disclosed["wanted"] == ADDRESS
    complete(receipt.matter, "fang_ting", at, outcome="corrected", answer="已改为三组")
    row = GuardianRequest.objects.get(pk=receipt.matter)
    assert (row.outcome, row.answered_at) == ("corrected", at)
    assert open_value(row.answer, key_of(link.child.person_id)) == "已改为三组"
    assert list(verify()) == []


def test_while_she_is_enrolled_nothing_is_erased_and_the_answer_says_why(
    link: GuardianLink, at: datetime
) -> None:
    child = link.child
    change_row(child, {"state": "enrolled", "enrolled_on": at.date()}, by=CLOCK, at=at)
    receipt = ask(link, "delete", "请删除孩子的信息", at=at)
    task = Task.objects.get(matter=receipt.matter, state=0)
    assert (task.posts, task.due_at) == ("lead_office", due_at(at, "30d", work_calendar()).at)
    with pytest.raises(Refusal) as kept:
        complete(receipt.matter, "zhou_jie", at, outcome="erased", answer="已删除")
    assert kept.value.code == "care.kept"
    complete(receipt.matter, "zhou_jie", at, outcome="kept", answer="在册期间依法保存")
    assert Matter.objects.get(pk=receipt.matter).outcome == "kept"
    assert Person.objects.get(pk=child.person_id).wrapped_key is not None


def test_a_candidate_is_erased_when_her_guardian_asks(link: GuardianLink, at: datetime) -> None:
    child = link.child
    receipt = ask(link, "delete", "不再需要", at=at)
    complete(receipt.matter, "zhou_jie", at, outcome="erased", answer="已删除")
    child.refresh_from_db()
    person = Person.objects.get(pk=child.person_id)
    assert (child.state, person.wrapped_key, person.identity_digest) == ("ineligible", None, "")
    with pytest.raises(Refusal) as gone:
        read_own(link, at=at)
    assert gone.value.code == "vault.erased"
    assert list(verify()) == []


def test_an_empty_request_is_refused_and_five_a_day_are_enough(
    link: GuardianLink, at: datetime
) -> None:
    with pytest.raises(Refusals):
        ask(link, "correct", "", at=at)
    for number in range(4):
        ask(link, "correct", f"改第 {number} 处", at=at)
    with pytest.raises(TooMany):
        ask(link, "correct", "再改", at=at)


def test_others_cannot_open_a_request_in_a_guardians_name(child: Child, at: datetime) -> None:
    facts = {"code": child.code, "kind": "delete", "wanted": "x", "keeper": "civil"}
    facts["place"] = {"division": child.village.code}  # type: ignore[assignment]
    opening = acts.Open(
        "care.request", facts, "request", circle=child.circle_id, person=child.person_id
    )
    assert code_of(lambda: door.act(opening, by=actor("yuan_bo", at), at=at)) == "access.denied"
