"""A token stands in for nobody, and narrowed to one seat it has that seat alone."""

from datetime import timedelta

from qianshou.kernel import door
from qianshou.kernel.access import Actor, actor_of, may_see
from qianshou.kernel.door import acts
from qianshou.kernel.door.turn import load_matter, standing_of
from qianshou.kernel.registry.models import Officer, Posting, Substitution
from qianshou.kernel.tokens.keeping import actor_of_token
from qianshou.kernel.tokens.models import Token
from qianshou.kernel.worklist.lists import count_tasks, list_tasks, see_matters
from tests.kernel.conftest import Office, Quiet


def program(office: Office | Quiet, whose: Actor, place: int | None = None) -> Actor:
    """Return as whom a token of `whose` acts, narrowed to their seat of that place if given."""
    officer = Officer.objects.get(pk=whose.officer or 0)
    seat = None if place is None else actor_of(officer, office.at).seats[place]
    token = Token(
        name="系统",
        officer=officer,
        organisation_id=seat.organisation if seat else None,
        post_id=seat.post if seat else None,
    )
    return actor_of_token(token, office.at)


def mine(by: Actor, office: Office | Quiet) -> set[int]:
    rows = {row.matter for row in list_tasks("mine", by, at=office.at).rows}
    assert count_tasks(by, at=office.at)["mine"] == len(rows)
    return rows


def test_a_program_does_not_stand_in_for_whom_its_officer_stands_in_for(office: Office) -> None:
    matter, day = office.open(), office.at.date()
    door.act(acts.Claim(office.task(matter, "t1")), by=office.wang, at=office.at)
    Substitution.objects.create(
        principal_id=office.wang.officer or 0, substitute_id=office.zhao.officer or 0, from_date=day,
        to_date=day + timedelta(days=6), reason="休假",
    )  # fmt: skip
    for place in (None, 0):
        assert not program(office, office.zhao, place).principals
        assert not mine(program(office, office.zhao, place), office)


def test_narrowed_to_a_seat_it_sees_neither_tasks_elsewhere_nor_copies(office: Office) -> None:
    matter, other = office.open(), office.open()
    door.act(acts.Claim(office.task(matter, "t1")), by=office.wang, at=office.at)
    Posting.objects.create(
        officer_id=office.wang.officer or 0, post_id="bench_seat", from_date=office.at.date(),
        organisation_id=office.zhao.seats[0].organisation,
    )  # fmt: skip
    assert mine(program(office, office.wang), office) == {matter, other}
    assert mine(program(office, office.wang, 0), office) == {matter, other}
    assert not mine(program(office, office.wang, 1), office)
    assert not see_matters(program(office, office.wang, 1)).exists()
    door.act(acts.Copy(matter, (office.zhao.officer or 0,), "请知悉"), by=office.sun, at=office.at)
    assert see_matters(program(office, office.zhao)).get().pk == matter
    assert not see_matters(program(office, office.zhao, 0)).exists()


def test_narrowed_to_a_seat_it_is_in_the_circles_of_that_seat_alone(quiet: Quiet) -> None:
    matter = quiet.open()
    standing = standing_of(load_matter(matter))
    for by, sees in (
        (program(quiet, quiet.wang), True),
        (program(quiet, quiet.wang, 0), False),  # a member by name, not by the seat
        (program(quiet, quiet.zhao, 0), True),
    ):
        assert may_see(by, standing) is sees
        assert see_matters(by).exists() is sees
        assert bool(list_tasks("organisation", by, at=quiet.at).rows) is (
            sees and by.name[0] == "王"
        )
