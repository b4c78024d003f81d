"""Notices: they reach who should know, in whichever organisation, and each reads for himself."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from qianshou.kernel import door
from qianshou.kernel.access import CLOCK, Standing, actor_of, may_act, seats_allowed
from qianshou.kernel.clock import day_of, now
from qianshou.kernel.door import acts
from qianshou.kernel.door.notices import tell_post
from qianshou.kernel.registry.models import Division, Officer, Organisation, Post, Posting
from qianshou.kernel.worklist.models import Matter, Notice
from qianshou.kernel.worklist.notices import MOST, count_unread, mark_read, notices_for
from tests.office.calls import open_task, register_call

Browse = Callable[[str], Client]


def officer(username: str) -> Officer:
    return Officer.objects.get(username=username)


def unread(client: Client) -> int:
    """Return what the bell says."""
    told = re.search(r"通知，(\d+) 条未读", client.get("/me/").content.decode())
    return int(told[1]) if told else 0


def make_late(matter: int) -> None:
    """Warn of the open task of a matter when it is late."""
    task = open_task(matter)
    door.act(acts.Warn(task.pk), by=CLOCK, at=task.due_at + timedelta(minutes=1))


@pytest.fixture
def late(browse: Browse) -> int:
    """Return a matter of Longshui's centre whose first step is late."""
    matter = register_call(browse("zhang_min"))
    make_late(matter)
    return matter


def test_a_late_task_is_told_to_who_supervises_from_another_organisation(
    browse: Browse, late: int
) -> None:
    text = browse("jiang_yue").get("/notices/").content.decode()
    assert Matter.objects.get(pk=late).number in text


def test_a_leader_who_sits_in_another_house_of_the_division_is_told(browse: Browse) -> None:
    town = Organisation.objects.get(code="longshui-centre")
    station = Organisation.objects.get(code="longshui-station")
    elsewhere = Organisation.objects.filter(kind="station").exclude(pk=station.pk)[0]
    Posting.objects.filter(post="town_leader", organisation=town).update(organisation=station)
    leader = Posting.objects.filter(post="town_leader").exclude(organisation=station)[0]
    Posting.objects.filter(pk=leader.pk).update(organisation=elsewhere)
    matter = register_call(browse("zhang_min"))
    make_late(matter)
    told = Notice.objects.filter(matter=matter, posts="town_leader")
    assert [notice.organisation for notice in told] == [station]


def test_the_seats_told_are_those_that_the_rule_of_access_allows(
    district: None, at: datetime
) -> None:
    village = Division.objects.filter(parent__name="龙水镇").order_by("pk")[0]
    centre = Organisation.objects.get(code="longshui-centre")
    standing = Standing("police.gate", village.path, frozenset({centre.pk}))
    Post.objects.filter(pk="station_seat").update(reach="division", acts=["supervise"])
    Post.objects.filter(pk="police_seat").update(acts=["supervise"])
    by_the_rule = set()
    for one in Officer.objects.filter(role="officer"):
        actor = actor_of(one, at)
        (seat,) = actor.seats
        if may_act(actor, "supervise", standing):
            by_the_rule.add((seat.organisation, seat.post))
    assert {post for _, post in by_the_rule} == {
        "district_seat", "town_leader", "station_seat", "police_seat",
    }  # fmt: skip
    assert seats_allowed("supervise", standing) == by_the_rule


def test_one_colleague_s_click_leaves_the_notice_unread_for_the_others(
    browse: Browse, late: int
) -> None:
    Posting.objects.create(
        officer=officer("xie_bo"), post_id="district_seat", from_date=day_of(now()),
        organisation=Organisation.objects.get(code="district-centre"),
    )  # fmt: skip
    jiang, xie = browse("jiang_yue"), browse("xie_bo")
    assert (unread(jiang), unread(xie)) == (1, 1)
    notice = notices_for(actor_of(officer("jiang_yue"), now())).get()
    answer = jiang.post("/notices/read/", {"notice": notice.pk})
    assert answer.headers["Location"] == f"/m/{late}/"
    jiang.post("/notices/read/", {"notice": notice.pk})
    assert (unread(jiang), unread(xie)) == (0, 1)
    assert "· 已读" in jiang.get("/notices/").content.decode()
    assert "· 已读" not in xie.get("/notices/").content.decode()
    xie.post("/notices/read/")
    assert unread(xie) == 0


def test_nobody_reads_what_is_meant_for_others(browse: Browse, late: int) -> None:
    notice = Notice.objects.get(matter=late, posts="district_seat")
    answer = browse("xie_bo").post("/notices/read/", {"notice": notice.pk})
    assert answer.headers["Location"] == "/notices/"
    assert not notice.readings.exists()


def test_a_post_whose_name_is_part_of_another_s_is_told_nothing(browse: Browse, late: int) -> None:
    Post.objects.create(
        code="seat", name="席", name_en="Seat", pack="police.gate", reach="organisation"
    )
    centre = Organisation.objects.get(code="longshui-centre")
    Posting.objects.create(
        officer=officer("xie_bo"), post_id="seat", organisation=centre, from_date=day_of(now())
    )
    assert Notice.objects.filter(organisation=centre, posts__contains="seat").exists()
    assert not notices_for(actor_of(officer("xie_bo"), now())).exists()


def test_the_bell_asks_the_same_few_questions_however_much_there_is_to_read(
    browse: Browse, late: int, django_assert_max_num_queries: Any
) -> None:
    jiang = actor_of(officer("jiang_yue"), now())
    kept = notices_for(jiang).get()
    Notice.objects.bulk_create(
        Notice(
            matter_id=late, kind="late", organisation=kept.organisation, posts=kept.posts,
            text=str(place), text_en=str(place), at=now(),
        )
        for place in range(MOST)
    )  # fmt: skip
    with django_assert_max_num_queries(2):
        assert count_unread(jiang) == 100
    assert count_unread(jiang) == min(100, notices_for(jiang).filter(readings=None).count())
    with django_assert_max_num_queries(4):
        mark_read(jiang, at=now())
    assert count_unread(jiang) == 0


def test_a_notice_of_no_matter_reaches_its_post_alone_and_is_read_where_it_is(
    browse: Browse,
) -> None:
    justice = Organisation.objects.get(code="justice")
    tell_post(justice.pk, "department", "late", "本部门有 2 件超期", "2 are late", at=now())
    jin = browse("jin_ke")
    assert "本部门有 2 件超期" in jin.get("/notices/").content.decode()
    assert "本部门有 2 件超期" not in browse("lin_yue").get("/notices/").content.decode()
    notice = notices_for(actor_of(officer("jin_ke"), now())).get()
    answer = jin.post("/notices/read/", {"notice": notice.pk})
    assert answer.headers["Location"] == "/notices/"
    assert count_unread(actor_of(officer("jin_ke"), now())) == 0
