"""Publications: frozen, sealed, and two that differ add up reason by reason to the difference."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.test import Client

from qianshou.demo.playing import actor
from qianshou.demo.publications import HALF, THREE, play_publications
from qianshou.design.environment import signed
from qianshou.kernel.clock import day_of, now
from qianshou.kernel.door.registering import change_row, history_of
from qianshou.kernel.indicators.declaration import Indicator, indicator_named
from qianshou.kernel.indicators.differ import compare_publications, is_conflict
from qianshou.kernel.indicators.models import Counted, Publication
from qianshou.kernel.indicators.publish import (
    Wanted,
    change_of,
    is_intact,
    publish_indicator,
)
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.refusal import Refusal
from qianshou.packs.police.gate.models import Call, CountedIncident
from tests.office.calls import register_call

Browse = Callable[[str], Client]
INDEX = "/indicators/publications/"


@pytest.fixture(scope="module")
def played(built: None, django_db_blocker: Any, settle: Callable[[], None]) -> Iterator[None]:
    """Write the register of incidents and both publications down once for the module."""
    with django_db_blocker.unblock(), transaction.atomic():
        play_publications(1)
        settle()
        yield
        transaction.set_rollback(True)


@pytest.fixture
def browse(played: None, db: None) -> Browse:
    from qianshou.kernel.registry.models import Officer

    cache.clear()

    def open_as(username: str) -> Client:
        client = Client()
        client.force_login(Officer.objects.get(username=username))
        return client

    return open_as


def named(key: str) -> list[Publication]:
    return list(Publication.objects.filter(indicator=f"police.gate.{key}").order_by("as_of_at"))


def test_rows_3_4_111_and_112_come_out_by_counting(browse: Browse):
    assert [change_of(row) for row in named("street_incidents")] == [-32.8, -40.36]
    assert [change_of(row) for row in named("dispute_incidents")] == [-31.5, -38.83]
    assert [(row.value, row.earlier) for row in named("street_incidents")] == [
        (336, 500),
        (492, 825),
    ]


@pytest.mark.parametrize("key", ["street_incidents", "dispute_incidents"])
def test_the_reasons_add_up_to_the_difference(browse: Browse, key: str):
    first, second = named(key)
    assert is_conflict(first, second)
    found = compare_publications(second, first)
    assert (found.first, found.second) == (first, second)
    assert first.value is not None
    assert second.value is not None
    assert found.value.whole == second.value - first.value
    assert sum(one.sum for one in found.value.reasons) == found.value.whole
    told = {one.name: (one.came, one.went) for one in found.value.reasons}
    street = key == "street_incidents"
    assert told == {
        "definition": (0, 0),
        "period": (161 if street else 94, 0),
        "late": (6 if street else 4, 0),
        "corrected": (0, 11 if street else 5),
    }
    assert found.earlier.whole == (325 if street else 176)
    assert not found.declared


def test_a_publication_is_in_the_ledger_and_stays_what_it_was(browse: Browse):
    row = named("street_incidents")[0]
    entry = history_of(row)[0]
    assert entry["act"] == "register"
    assert entry["after"]["records_digest"] == row.records_digest
    assert is_intact(row)
    counted = Counted.objects.get(publication=row)
    counted.value[0][2] = 2.0
    counted.save()
    row.refresh_from_db()
    assert not is_intact(Publication.objects.get(pk=row.pk))
    assert not list(verify())


def test_the_database_refuses_a_period_that_ends_before_it_begins(browse: Browse):
    row = named("street_incidents")[0]
    row.pk, row.last_date = None, row.first_date - timedelta(days=1)
    with pytest.raises(IntegrityError, match="publication_days_in_order"), transaction.atomic():
        row.save()


def changed(key: str, **told: Any) -> Indicator:
    """Return an indicator as it would be declared otherwise."""
    from qianshou.kernel.indicators.declaration import declared_again

    old = indicator_named("police.gate", key)
    return declared_again("police.gate", key, {**old.table, **told})


def publish(indicator: Indicator, period=THREE, title: str = "再发", who: str = "jiang_yue"):
    wanted = Wanted(period, period.year_earlier(), title)
    return publish_indicator(indicator, wanted, by=actor(who, now()), at=now())


def test_another_definition_is_named_and_counted_before_all_else(browse: Browse):
    second = named("street_incidents")[1]
    where = {**indicator_named("police.gate", "street_incidents").where}
    where["category__in"] = where["category__in"][:4]
    third = publish(changed("street_incidents", where=where))
    found = compare_publications(second, third)
    assert [key for key, _, _ in found.declared] == ["where"]
    told = {one.name: one.went for one in found.value.reasons}
    assert third.value is not None
    assert second.value is not None
    assert told["definition"] == second.value - third.value > 0
    assert found.value.whole == third.value - second.value


def test_a_record_that_changed_category_is_a_correction(browse: Browse):
    before = publish(indicator_named("police.gate", "street_incidents"))
    row = CountedIncident.objects.filter(
        in_street=True, withdrawn_at=None, received_at__gte=HALF.start
    )[0]
    change_row(row, {"category": "noise.life"}, by=actor("jiang_yue", now()), at=now())
    after = publish(indicator_named("police.gate", "street_incidents"))
    found = compare_publications(before, after)
    assert {one.name: one.went for one in found.value.reasons if one.went} == {"corrected": 1}
    assert found.value.whole == -1


def test_a_share_is_explained_by_its_records(browse: Browse):
    matter = register_call(browse("zhang_min"))
    Call.objects.filter(pk=matter).update(closed_at=now(), outcome="callback")
    today = replace(HALF, first=day_of(now()) - timedelta(days=5), last=day_of(now()))
    one = publish(indicator_named("police.gate", "on_time"), today)
    other = register_call(browse("zhang_min"))
    Call.objects.filter(pk=other).update(closed_at=now(), outcome="callback", is_on_time=False)
    found = compare_publications(one, publish(indicator_named("police.gate", "on_time"), today))
    assert (one.value, found.second.value) == (100, 50)
    assert not found.sums
    assert {reason.name: reason.came for reason in found.value.reasons if reason.came} == {
        "period": 1
    }


def test_in_a_period_that_goes_on_what_happened_since_is_not_late(browse: Browse):
    """A record of the time before that is written down later is."""
    today = replace(HALF, first=day_of(now()) - timedelta(days=5), last=day_of(now()))
    one = publish(indicator_named("police.gate", "street_incidents"), today)
    row = CountedIncident.objects.filter(in_street=True, withdrawn_at=None)[0]
    kept = {"division": row.division, "category": row.category, "in_street": True}
    for number, at in (("N", now()), ("L", one.as_of_at - timedelta(minutes=1))):
        told = {**kept, "number": number, "received_at": at}
        change_row(CountedIncident(), told, by=actor("jiang_yue", now()), at=now())
    other = publish(indicator_named("police.gate", "street_incidents"), today)
    came = {found.name: found.came for found in compare_publications(one, other).value.reasons}
    assert came == {"definition": 0, "period": 1, "late": 1, "corrected": 0}


def test_what_counted_a_table_that_is_gone_is_still_compared(browse: Browse):
    first, second = named("street_incidents")
    second.declaration = {**second.declaration, "over": "gate.Gone"}
    found = compare_publications(first, second)
    assert second.value is not None
    assert first.value is not None
    assert found.value.whole == second.value - first.value


def test_small_counts_are_kept_back_in_publications_and_in_their_differences(browse: Browse):
    few = changed("street_incidents", suppress=True)
    one = publish(few, replace(HALF, last=HALF.first))
    assert one.value is None or one.value > 4
    whole = publish(few)
    assert whole.value == 492
    hidden = [
        row for part in whole.breakdowns if part["by"] == "division" for row in part["rows"]
        if row.get("mark")
    ]  # fmt: skip
    assert all(row["value"] is None and row["count"] is None for row in hidden)
    gone = CountedIncident.objects.filter(
        in_street=True, withdrawn_at=None, received_at__gte=HALF.start
    )[0]
    change_row(gone, {"withdrawn_at": now()}, by=actor("jiang_yue", now()), at=now())
    found = compare_publications(whole, publish(few))
    assert found.value.whole is None
    assert [one.mark.zh for one in found.value.reasons if one.mark][-1] == "1～4"


def test_nothing_is_published_without_its_records(browse: Browse, monkeypatch):
    def refuse(**_: Any) -> None:
        raise IntegrityError

    monkeypatch.setattr(Counted.objects, "create", refuse)
    with pytest.raises(IntegrityError):
        publish(indicator_named("police.gate", "street_incidents"))
    assert len(named("street_incidents")) == 2


def test_a_difference_is_told_with_all_its_digits():
    assert [signed(one) for one in (1234567.89, -0.5, 0.0)] == ["+1,234,567.89", "-0.5", "0"]


@pytest.mark.parametrize(
    ("told", "title", "code"),
    [
        ({}, "", "publish.title"),
        ({}, "长" * 121, "publish.title"),
        ({"visible_only": True, "over": "gate.Call", "matter": "matter_id", "where": {},
          "by": []}, "发布", "publish.visible_only"),
    ],
)  # fmt: skip
def test_what_cannot_be_published_is_refused(browse: Browse, told, title, code):
    with pytest.raises(Refusal) as refused:
        publish(changed("street_incidents", **told), title=title)
    assert refused.value.code == code


def test_the_future_and_a_stranger_are_refused(browse: Browse):
    far = replace(HALF, first=HALF.first.replace(year=2199), last=HALF.last.replace(year=2199))
    with pytest.raises(Refusal) as refused:
        publish(indicator_named("police.gate", "street_incidents"), far)
    assert refused.value.code == "publish.future"
    with pytest.raises(Refusal) as denied:
        publish(indicator_named("police.gate", "street_incidents"), who="zhang_min")
    assert denied.value.code == "access.denied"


def test_the_pages_show_publish_and_export(browse: Browse):
    mine = browse("jiang_yue")
    shown = mine.get(INDEX).content.decode()
    assert "-40.36%" in shown
    assert "有不一致，看原因" in shown
    first, second = named("street_incidents")
    both = mine.get(f"{INDEX}{first.pk}/{second.pk}/").content.decode()
    assert "事后补录" in both
    assert "JQ-" in both
    assert "+156" in both
    assert "所存记录与摘要一致" in mine.get(f"{INDEX}{first.pk}/").content.decode()
    page = "/indicators/police.gate/street_incidents/"
    assert 'name="title"' in mine.get(page).content.decode()
    assert 'name="title"' not in browse("zhang_min").get(page).content.decode()
    sent = {"from": "2024-01-01", "to": "2024-03-31", "compare": "year", "title": "一季度"}
    made = mine.post(f"{page}publish/", sent)
    assert made.status_code == 302
    assert "一季度" in mine.get(made.headers["Location"]).content.decode()
    wrong = mine.post(f"{page}publish/", {**sent, "title": " "})
    assert wrong.status_code == 422
    assert 'class="err"' in wrong.content.decode()
    assert browse("zhang_min").post(f"{page}publish/", sent).status_code == 403
    sheet = mine.get(f"{INDEX}sheet/")
    assert sheet.content[:2] == b"PK"
    told = mine.get(f"{INDEX}sheet/?as=csv").content.decode("utf-8-sig")
    assert ",-40.36%," in told
    other = named("dispute_incidents")[0]
    assert mine.get(f"{INDEX}{first.pk}/{other.pk}/").status_code == 404


def test_what_is_for_some_posts_is_hidden_from_all_others(browse: Browse):
    row = publish(changed("street_incidents", posts=["district_seat"]))
    assert browse("jiang_yue").get(f"{INDEX}{row.pk}/").status_code == 200
    other = browse("zhang_min")
    assert other.get(f"{INDEX}{row.pk}/").status_code == 404
    assert f'{INDEX}{row.pk}/"' not in other.get(INDEX).content.decode()
