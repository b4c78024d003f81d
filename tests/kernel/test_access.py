"""Posts × acts × objects: who may do what, and that lists and single objects follow one rule."""

from collections.abc import Callable
from datetime import datetime

import pytest
from django.db import transaction

from qianshou.demo.cast import ACCOUNTS
from qianshou.kernel import door
from qianshou.kernel.access import Actor, Standing, actor_of, may_see
from qianshou.kernel.door import acts
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.models import Division, Officer
from qianshou.kernel.worklist.lists import see_matters, sees_matter
from qianshou.kernel.worklist.models import Matter, Party, Task

TRIAGE = {
    "kind": "non_police", "category": "noise.work", "level": "normal", "lead": "longshui-office",
}  # fmt: skip
ALL = "see claim complete transfer urge supervise suspend comment link merge disclose"
NOBODY = dict.fromkeys(("sys_admin", "sec_admin", "audit_admin"), "")
DISTRICT_SEAT = "see urge supervise suspend comment link merge disclose"
EXPECTED = {
    "fresh": {
        "zhang_min": "see claim complete transfer urge suspend comment link merge disclose",
        "chen_gang": "see claim complete transfer urge suspend comment link merge disclose",
        "luo_jing": "see transfer urge supervise suspend comment link",
        "jiang_yue": DISTRICT_SEAT,
        "feng_yi": DISTRICT_SEAT,
        "he_feng": "",
        "tang_li": "",
        "xie_bo": "",
        **NOBODY,
    },
    "working": {
        "zhang_min": "see urge comment link merge disclose",
        "chen_gang": "see urge comment link merge disclose",
        "luo_jing": "see urge supervise suspend comment link",
        "jiang_yue": DISTRICT_SEAT,
        "feng_yi": DISTRICT_SEAT,
        "he_feng": "",
        "tang_li": "see claim complete transfer urge suspend comment disclose",
        "xie_bo": "",
        **NOBODY,
    },
    "elsewhere": {
        "jiang_yue": DISTRICT_SEAT,
        "feng_yi": DISTRICT_SEAT,
        **dict.fromkeys(("zhang_min", "chen_gang", "luo_jing", "he_feng", "tang_li", "xie_bo"), ""),
        **NOBODY,
    },
}


def actor(username: str, at: datetime) -> Actor:
    return actor_of(Officer.objects.get(username=username), at)


def opened(by: str, town: str, at: datetime) -> int:
    village = Division.objects.filter(parent__name=town).order_by("pk")[0]
    facts = {
        "source": "110",
        "summary": "夜间噪声",
        "place": {"division": village.code},
        "caller": {"name": "王芳", "phone": "10000000001"},
    }
    receipt = door.act(acts.Open("police.gate", facts, "register"), by=actor(by, at), at=at)
    assert receipt is not None
    return receipt.matter


@pytest.fixture
def matters(district: None, at: datetime) -> dict[str, int]:
    """Return a call just registered, one under way at the town's office, one of another town."""
    working = opened("zhang_min", "龙水镇", at)
    for by, facts in (
        ("zhang_min", TRIAGE),
        ("zhang_min", {"informed": "spoken", "told": "已转办"}),
        ("tang_li", {"sign": "accept"}),
    ):
        task = Task.objects.get(matter=working, state=0)
        door.act(acts.Complete(task.pk, facts), by=actor(by, at), at=at)
    return {
        "fresh": opened("zhang_min", "龙水镇", at),
        "working": working,
        "elsewhere": opened("longgang-centre.town_seat.1", "龙岗街道", at),
    }


def tries(matter: int, other: int, officer: int) -> dict[str, Callable[[], acts.Act]]:
    """Return every act on a matter with facts that are fine in themselves."""
    task = Task.objects.get(matter=matter, state=0)
    done = TRIAGE if task.node == "triage" else {"need": "none", "result": "好了"}
    colleague = (
        Officer.objects.filter(
            postings__organisation=task.organisation_id, postings__post__in=task.posts.split(",")
        )
        .exclude(pk=officer)
        .order_by("pk")[0]
    )
    return {
        "claim": lambda: acts.Claim(task.pk),
        "complete": lambda: acts.Complete(task.pk, done),
        "transfer": lambda: acts.Transfer(task.pk, colleague.pk, "换班"),
        "urge": lambda: acts.Urge(matter, "请尽快"),
        "supervise": lambda: acts.Supervise(matter, "重点"),
        "suspend": lambda: acts.Suspend(matter, "等鉴定"),
        "comment": lambda: acts.Comment(matter, "看过"),
        "link": lambda: acts.Link(matter, other, "同一处"),
        "merge": lambda: acts.Merge(matter, other, "同一件"),
        "disclose": lambda: acts.Disclose(matter, "caller", "回访"),
    }


def allowed(by: Actor, matter: int, other: int, at: datetime) -> str:
    """Return the acts that the door lets `by` do, each tried and taken back."""
    done = []
    if see_matters(by).filter(pk=matter).exists():
        done.append("see")
    for name, act in tries(matter, other, by.officer or 0).items():
        try:
            with transaction.atomic():
                door.act(act(), by=by, at=at)
                done.append(name)
                transaction.set_rollback(True)
        except (Refusal, Refusals) as refused:
            codes = [one.code for one in getattr(refused, "refusals", [refused])]
            assert set(codes) <= {"access.denied", "door.not_found"}, (name, codes)
    return " ".join(done)


@pytest.mark.parametrize("which", EXPECTED)
@pytest.mark.parametrize("username", [row[0] for row in ACCOUNTS])
def test_who_may_do_what(matters: dict[str, int], at: datetime, which: str, username: str) -> None:
    other = opened("zhang_min", "龙水镇", at)
    if which == "elsewhere":
        other = opened("longgang-centre.town_seat.1", "龙岗街道", at)
    found = allowed(actor(username, at), matters[which], other, at)
    assert found == EXPECTED[which].get(username, "")
    assert set(found.split()) <= set(ALL.split())


def test_lists_and_single_objects_follow_one_rule(matters: dict[str, int], at: datetime) -> None:
    for username in Officer.objects.order_by("pk").values_list("username", flat=True)[:120]:
        by = actor(username, at)
        listed = set(see_matters(by).values_list("pk", flat=True))
        for matter in Matter.objects.select_related("division"):
            standing = Standing(
                pack="police.gate",
                division_path=matter.division.path,
                organisations=frozenset(
                    Party.objects.filter(matter=matter).values_list("organisation", flat=True)
                ),
            )
            assert may_see(by, standing) == (matter.pk in listed), (username, matter.number)
            assert sees_matter(by, matter.pk) == (matter.pk in listed), (username, matter.number)
        assert not sees_matter(by, 10**9)


def test_a_posting_that_has_ended_opens_nothing(matters: dict[str, int], at: datetime) -> None:
    officer = Officer.objects.get(username="zhang_min")
    officer.postings.update(to_date=at.date().replace(year=2025))
    by = actor_of(officer, at)
    assert by.seats == ()
    assert not see_matters(by).exists()


def test_a_resident_sees_only_what_the_receipt_opened(
    matters: dict[str, int], at: datetime
) -> None:
    stranger = Actor("resident", receipt="0" * 64)
    with pytest.raises(Refusal):
        door.act(acts.Comment(matters["fresh"], "我来看看"), by=stranger, at=at)
    with pytest.raises(Refusal):
        door.act(acts.Urge(matters["fresh"]), by=Actor("resident"), at=at)
