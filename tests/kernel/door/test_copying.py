"""Copies for reading: who may read a matter meanwhile, and who has."""

import pytest

from qianshou.kernel import door
from qianshou.kernel.access import Actor
from qianshou.kernel.door import acts
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.worklist.lists import copies_of, see_matters
from qianshou.kernel.worklist.models import Copy
from qianshou.kernel.worklist.notices import notices_for
from tests.kernel.conftest import Office, Quiet


def refusal(act: acts.Act, by: Actor, office: Office | Quiet) -> str:
    with pytest.raises(Refusal) as refused:
        door.act(act, by=by, at=office.at)
    return refused.value.code


def test_a_matter_is_copied_read_and_no_longer_seen(office: Office) -> None:
    matter, zhao = office.open(), office.zhao.officer or 0
    door.act(acts.Copy(matter, (zhao,), "请知悉"), by=office.wang, at=office.at)
    assert list(see_matters(office.zhao).values_list("pk", flat=True)) == [matter]
    assert notices_for(office.zhao).get().kind == "copy"
    assert list(verify()) == []
    assert refusal(acts.Comment(matter, "x"), office.zhao, office) == "access.denied"
    assert refusal(acts.Copy(matter, (zhao,)), office.zhao, office) == "access.denied"
    assert refusal(acts.Claim(office.task(matter, "t1")), office.zhao, office) == "access.denied"
    door.act(acts.Read(matter, "已阅"), by=office.zhao, at=office.at)
    assert copies_of(matter).get().read_at == office.at
    assert refusal(acts.Read(matter), office.zhao, office) == "door.not_copied"
    ending = acts.Copy(matter, (zhao,), on=False)
    assert refusal(ending, office.li, office) == "access.denied"
    door.act(ending, by=office.sun, at=office.at)
    assert not see_matters(office.zhao).exists()
    assert refusal(ending, office.wang, office) == "door.reader"
    assert list(verify()) == []


def test_a_copy_goes_to_somebody_with_a_post_and_once(office: Office) -> None:
    matter, zhao = office.open(), office.zhao.officer or 0
    assert refusal(acts.Copy(matter, ()), office.wang, office) == "door.officers"
    assert refusal(acts.Copy(matter, (zhao, 0)), office.wang, office) == "door.officers"
    door.act(acts.Copy(matter, (zhao,)), by=office.wang, at=office.at)
    assert refusal(acts.Copy(matter, (zhao,)), office.wang, office) == "door.reader"


def test_a_circle_is_not_opened_by_a_copy(quiet: Quiet) -> None:
    matter = quiet.open()
    for outside in (quiet.li, quiet.sun):
        act = acts.Copy(matter, (outside.officer or 0,))
        assert refusal(act, quiet.wang, quiet) == "door.reader"
        assert refusal(acts.Read(matter), outside, quiet) == "door.no_matter"
        Copy.objects.create(
            matter_id=matter,
            officer_id=outside.officer or 0,
            sender_id=quiet.wang.officer or 0,
            at=quiet.at,
        )
        assert not see_matters(outside).exists()


def test_what_is_returned_comes_straight_back_once_redone(office: Office) -> None:
    matter = office.open()
    for node in ("t1", "t2", "t3", "t4", "call/c1", "call/c2"):
        office.complete(matter, node)
    act = acts.Return(office.task(matter, "t5"), "t1", "缺材料", straight=True)
    door.act(act, by=office.wang, at=office.at)
    assert list(verify()) == []
    redone = office.task(matter, "t1")
    office.complete(matter, "t1")
    door.act(acts.Withdraw(redone, "漏填"), by=office.wang, at=office.at)
    assert list(verify()) == []
    office.complete(matter, "t1")
    task = office.task(matter, "t5")
    assert list(verify()) == []
    door.act(acts.Return(task, "t2", "再看"), by=office.wang, at=office.at)
    for node in ("t2", "t3", "t4", "call/c1", "call/c2", "t5"):
        office.complete(matter, node)
    assert list(verify()) == []


def test_nothing_comes_straight_back_into_a_branch(office: Office) -> None:
    matter = office.open()
    office.complete(matter, "t1")
    office.complete(matter, "t2")
    act = acts.Return(office.task(matter, "t3"), "t2", "缺材料", straight=True)
    assert refusal(act, office.wang, office) == "door.straight"
