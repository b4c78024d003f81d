"""A part of a matter becomes a matter of its own, linked both ways."""

import pytest

from qianshou.kernel import door
from qianshou.kernel.access import Actor
from qianshou.kernel.door import acts
from qianshou.kernel.ledger.read import entries_of
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.worklist.lists import linked_matters
from qianshou.kernel.worklist.models import Link, Matter
from tests.kernel.conftest import Office, Quiet


def refusal(act: acts.Act, by: Actor, office: Office | Quiet) -> str:
    with pytest.raises(Refusal) as refused:
        door.act(act, by=by, at=office.at)
    return refused.value.code


def test_a_part_begins_anew_and_each_names_the_other(office: Office) -> None:
    matter = office.open()
    act = acts.Split(matter, "open", {"title": "渣土车"}, "两件事")
    receipt = door.act(act, by=office.wang, at=office.at)
    assert receipt is not None
    assert Matter.objects.get(pk=receipt.matter).title == "渣土车"
    assert Link.objects.get().kind == "split"
    assert linked_matters(receipt.matter, office.wang).get().pk == matter
    told = entries_of(Matter.objects.get(pk=matter).number)[-1]
    assert (told["act"], told["into"], told["chosen"]) == ("split", receipt.number, ["title"])
    assert entries_of(receipt.number)[-1]["act"] == "split_from"
    assert list(verify()) == []


def test_nothing_is_split_without_reason_right_or_open_matter(office: Office) -> None:
    matter = office.open()
    act = acts.Split(matter, "open", {"title": "x"}, " ")
    assert refusal(act, office.wang, office) == "door.reason"
    act = acts.Split(matter, "open", {"title": "x"}, "两件事")
    assert refusal(act, office.zhao, office) == "access.denied"
    office.finish(matter)
    assert refusal(act, office.sun, office) == "door.closed"
    assert Matter.objects.count() == 1


def test_the_part_lies_in_the_same_circle(quiet: Quiet) -> None:
    matter = quiet.open()
    act = acts.Split(matter, "quiet", {"title": "另一次走访"}, "两件事")
    assert refusal(act, quiet.li, quiet) == "door.no_matter"
    receipt = door.act(act, by=quiet.wang, at=quiet.at)
    assert receipt is not None
    row = Matter.objects.get(pk=receipt.matter)
    assert (row.circle_id, row.person_id) == (quiet.circle, quiet.person)
