"""Who holds a task, and remarks that move nothing."""

from datetime import timedelta

import pytest

from qianshou.kernel import door
from qianshou.kernel.documents.models import Attachment, Document
from qianshou.kernel.door import acts
from qianshou.kernel.ledger.models import Entry
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.worklist.models import Link, Matter, Notice, Task
from tests.kernel.conftest import Office


def test_a_task_is_claimed_once_and_can_be_given_back(office: Office) -> None:
    task = office.task(office.open(), "t1")
    door.act(acts.Claim(task), by=office.wang, at=office.at)
    with pytest.raises(Refusal) as refused:
        door.act(acts.Claim(task), by=office.li, at=office.at)
    assert refused.value.code == "door.claimed"
    door.act(acts.Release(task), by=office.wang, at=office.at)
    door.act(acts.Claim(task), by=office.li, at=office.at)
    assert Task.objects.get(pk=task).assignee_id == office.li.officer
    assert list(verify()) == []


def test_only_the_holder_gives_a_task_back(office: Office) -> None:
    task = office.task(office.open(), "t1")
    door.act(acts.Claim(task), by=office.wang, at=office.at)
    with pytest.raises(Refusal):
        door.act(acts.Release(task), by=office.li, at=office.at)


def test_a_task_is_transferred_to_a_holder_of_the_post(office: Office) -> None:
    task = office.task(office.open(), "t1")
    assert office.li.officer
    act = acts.Transfer(task, office.li.officer, "出差")
    door.act(act, by=office.wang, at=office.at)
    assert Task.objects.get(pk=task).assignee_id == office.li.officer
    with pytest.raises(Refusal) as refused:
        door.act(act, by=office.wang, at=office.at)
    assert refused.value.code == "access.denied"


@pytest.mark.parametrize(
    ("receiver", "reason", "code"),
    [("zhao", "出差", "door.no_holder"), ("li", "", "door.reason")],
)
def test_a_transfer_needs_a_holder_and_a_reason(
    office: Office, receiver: str, reason: str, code: str
) -> None:
    act = acts.Transfer(office.task(office.open(), "t1"), getattr(office, receiver).officer, reason)
    with pytest.raises(Refusal) as refused:
        door.act(act, by=office.wang, at=office.at)
    assert refused.value.code == code


def test_urging_tells_the_holders_and_waits_half_an_hour(office: Office) -> None:
    matter = office.open()
    door.act(acts.Urge(matter), by=office.li, at=office.at)
    assert Notice.objects.get(matter=matter).kind == "urge"
    with pytest.raises(Refusal) as refused:
        door.act(acts.Urge(matter), by=office.li, at=office.at + timedelta(minutes=29))
    assert refused.value.code == "door.urged"
    door.act(acts.Urge(matter), by=office.li, at=office.at + timedelta(minutes=31))
    assert Matter.objects.get(pk=matter).urged == 2


def test_only_a_seat_with_the_right_supervises(office: Office) -> None:
    matter = office.open()
    with pytest.raises(Refusal):
        door.act(acts.Supervise(matter, "三日内办结"), by=office.wang, at=office.at)
    door.act(acts.Supervise(matter, "三日内办结"), by=office.sun, at=office.at)
    assert Matter.objects.get(pk=matter).supervised
    door.act(acts.Supervise(matter, "已办结", on=False), by=office.sun, at=office.at)
    assert not Matter.objects.get(pk=matter).supervised


def test_a_remark_is_kept_word_for_word(office: Office) -> None:
    matter = office.open()
    door.act(acts.Comment(matter, "已电话联系"), by=office.li, at=office.at)
    assert "已电话联系" in Entry.objects.get(act="comment").body
    with pytest.raises(Refusal) as refused:
        door.act(acts.Comment(matter, "  "), by=office.li, at=office.at)
    assert refused.value.code == "door.text"
    with pytest.raises(Refusal) as denied:
        door.act(acts.Comment(matter, "x"), by=office.zhao, at=office.at)
    assert denied.value.code == "access.denied"


def test_documents_hang_on_a_matter_once(office: Office) -> None:
    matter = office.open()
    Document.objects.create(digest="d" * 64, media_type="image/png", size=3, stored_at=office.at)
    act = acts.Attach(matter, (("d" * 64, "现场.png"),))
    door.act(act, by=office.wang, at=office.at)
    door.act(act, by=office.wang, at=office.at)
    assert Attachment.objects.get(matter=matter).name == "现场.png"
    unknown = acts.Attach(matter, (("e" * 64, "另一张.png"),))
    with pytest.raises(Refusal) as refused:
        door.act(unknown, by=office.wang, at=office.at)
    assert refused.value.code == "door.no_document"


def test_two_matters_are_linked_but_not_one_to_itself(office: Office) -> None:
    first, second = office.open(), office.open()
    door.act(acts.Link(first, second, "同一工地"), by=office.wang, at=office.at)
    assert Link.objects.get().kind == "related"
    with pytest.raises(Refusal) as refused:
        door.act(acts.Link(first, first), by=office.wang, at=office.at)
    assert refused.value.code == "door.link"


def test_nothing_is_disclosed_without_purpose_or_right(office: Office) -> None:
    matter = office.open()
    for by, purpose, code in [
        (office.sun, " ", "door.purpose"),
        (office.wang, "回访", "access.denied"),
        (office.sun, "回访", "door.no_person"),
    ]:
        with pytest.raises(Refusal) as refused:
            door.act(acts.Disclose(matter, "caller", purpose), by=by, at=office.at)
        assert refused.value.code == code
