"""The quarterly sample: drawn again from its seed, looked at by another town, put right, verified."""

from collections.abc import Callable
from datetime import date, datetime
from random import Random

import pytest
from django.test import Client

from qianshou.kernel import door, worker
from qianshou.kernel.clock import now
from qianshou.kernel.door import acts
from qianshou.kernel.duties.giving import give_duties
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.outbox import carry_out
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Posting
from qianshou.kernel.worklist.models import Matter, Task
from qianshou.packs.commission.care.models import Child, Sample, SampleVisit
from qianshou.packs.commission.care.register import my_children
from qianshou.packs.commission.care.sample import (
    draw_codes,
    draw_for,
    lines_of,
    population_now,
    quarter_of,
    reproduce,
)
from qianshou.packs.commission.care.tests.children import NAME, actor, ledger_text
from qianshou.packs.commission.care.tests.enrolled import do, enrolled

Browse = Callable[[str], Client]
SEED = "大足-2026-Q4"
GOOD = {
    "knows_cadre": "yes",
    "visits_true": "yes",
    "pledges_known": "yes",
    "hazards_gone": "none",
    "registers_true": "yes",
    "outcome": "good",
}
POOR = {**GOOD, "visits_true": "no", "outcome": "poor", "finding": "奶奶说九月没有人来过"}


def drawn(at: datetime, number: int = 1) -> Sample:
    for order in range(number):
        enrolled(at, 2 * order + 2)
    sample = draw_for(at.year, quarter_of(at.date()), SEED, by=actor("zhou_jie", at), at=at)
    carry_out(at)
    return sample


def visitor_of(visit: SampleVisit) -> str:
    """Return somebody who sits in the visiting town's team."""
    held = Posting.objects.filter(organisation=visit.organisation, post="town_team")
    return str(held.values_list("officer__username", flat=True).order_by("pk").first())


def test_anybody_draws_the_same_children_from_the_seed() -> None:
    lines = [
        (f"50011110{town}", f"H-{town}{place:03d}") for town in range(3) for place in range(40)
    ]
    first = draw_codes(lines, SEED, percent=5, least=3)
    assert first == draw_codes(list(reversed(lines)), SEED, percent=5, least=3)
    assert first != draw_codes(lines, "another", percent=5, least=3)
    assert [sum(code.startswith(f"H-{town}") for code in first) for town in range(3)] == [3, 3, 3]
    by_hand, chance = [], Random(SEED)
    for town in range(3):
        codes = sorted(f"H-{town}{place:03d}" for place in range(40))
        by_hand += sorted(chance.sample(codes, 3))
    assert first == by_hand


def test_a_small_town_gives_all_it_has() -> None:
    assert draw_codes([("1", "H-A")], SEED, percent=2, least=2) == ["H-A"]


def test_the_population_is_frozen_and_the_draw_can_be_repeated_later(
    district: None, at: datetime
) -> None:
    sample = drawn(at, 5)
    assert (sample.population, sample.size, sample.seed) == (5, 2, SEED)
    before = population_now()
    assert lines_of(sample) == before
    enrolled(at, 40)
    assert reproduce(sample)
    assert lines_of(sample) == before
    first, second = sample.visits.order_by("pk")
    second.delete()
    assert not reproduce(sample)
    assert first.matter is not None


def test_a_quarter_is_drawn_once_and_by_the_office(district: None, at: datetime) -> None:
    drawn(at)
    with pytest.raises(Refusal) as twice:
        draw_for(2026, 4, SEED, by=actor("zhou_jie", at), at=at)
    assert (twice.value.code, twice.value.field) == ("care.drawn", "seed")
    for username in ("deng_hong", "hao_jian", "lin_yue", "jin_ke"):
        with pytest.raises(Refusal) as refused:
            draw_for(2026, 3, SEED, by=actor(username, at), at=at)
        assert refused.value.code == "access.denied"


def test_an_empty_register_is_not_drawn_from(district: None, at: datetime) -> None:
    with pytest.raises(Refusal) as refused:
        draw_for(2026, 4, "", by=actor("zhou_jie", at), at=at)
    assert refused.value.code == "care.nobody"


def test_a_seed_is_made_where_none_is_given(district: None, at: datetime) -> None:
    enrolled(at)
    sample = draw_for(2026, 4, " ", by=actor("zhou_jie", at), at=at)
    assert len(sample.seed) == 16


def test_the_quarter_asks_the_office_to_draw(district: None, at: datetime) -> None:
    enrolled(at)
    give_duties(at)
    give_duties(at)
    task = Task.objects.get(node="draw", state=0)
    assert task.posts == "lead_office"
    draw_for(2026, 4, SEED, by=actor("zhou_jie", at), at=at)
    assert Matter.objects.filter(procedure="care.sampling").count() == 1


def test_a_visitor_of_another_town_reaches_only_that_child(district: None, at: datetime) -> None:
    sample = drawn(at)
    visit = sample.visits.select_related("organisation", "child", "matter").get()
    assert visit.organisation.division_id != visit.child.town_id
    visitor = actor(visitor_of(visit), at)
    assert not my_children(visitor).exists()
    assert visit.matter_id is not None
    told = door.act(acts.Disclose(visit.matter_id, "sealed", "季度督查"), by=visitor, at=at)
    assert told is not None
    assert NAME in told.disclosed["who"]
    assert "本季走访谈话 0 次" in told.disclosed["recorded"]
    assert NAME not in ledger_text()
    others = Posting.objects.filter(post="town_team").exclude(organisation=visit.organisation)
    stranger = others.exclude(organisation__code="longshui-office").order_by("pk")[0]
    with pytest.raises(Refusal):
        door.act(
            acts.Disclose(visit.matter_id, "sealed", "好奇"),
            by=actor(stranger.officer.username, at),
            at=at,
        )


def test_what_is_in_order_is_closed_at_once(district: None, at: datetime) -> None:
    visit = drawn(at).visits.get()
    assert visit.matter_id is not None
    do(visit.matter_id, "visit", visitor_of(visit), at, **GOOD)
    visit.refresh_from_db()
    assert (visit.outcome, visit.findings, visit.visited_at) == ("good", 0, at)
    assert Matter.objects.get(pk=visit.matter_id).outcome == "good"


def test_findings_are_put_right_by_her_town_and_verified_by_the_visitor(
    district: None, at: datetime
) -> None:
    visit = drawn(at).visits.get()
    matter = visit.matter_id
    assert matter is not None
    visitor = visitor_of(visit)
    with pytest.raises(Refusal):
        do(matter, "visit", "deng_hong", at, **POOR)
    do(matter, "visit", visitor, at, **POOR)
    with pytest.raises(Refusal):
        do(matter, "rectify", visitor, at, mended="已补走访")
    do(matter, "rectify", "deng_hong", at, mended="已补走访")
    with pytest.raises(Refusal):
        do(matter, "verify", "deng_hong", at, sample_verified="ok")
    do(matter, "verify", visitor, at, sample_verified="again", verify_note="还没有和奶奶说")
    do(matter, "rectify", "deng_hong", at, mended="已和奶奶说明")
    do(matter, "verify", visitor, at, sample_verified="ok")
    visit.refresh_from_db()
    assert (visit.outcome, visit.findings, visit.rectified_at) == ("poor", 1, at)
    assert "奶奶说九月" not in ledger_text()
    assert list(verify()) == []


def test_the_page_draws_shows_the_seed_and_draws_again(browse: Browse) -> None:
    enrolled(now())
    office = browse("zhou_jie")
    assert "抽取" in office.get("/p/care/samples/").content.decode()
    answer = office.post("/p/care/samples/draw/", {"seed": SEED})
    sample = Sample.objects.get()
    assert answer["Location"] == f"/p/care/samples/{sample.pk}/"
    worker.tick(now())
    text = office.get(f"/p/care/samples/{sample.pk}/").content.decode()
    assert SEED in text
    assert sample.digest in text
    assert SampleVisit.objects.get().matter is not None
    text = office.post(f"/p/care/samples/{sample.pk}/reproduce/").content.decode()
    assert "与记录完全一致" in text
    assert Child.objects.get().code in text
    text = browse("hao_jian").post(f"/p/care/samples/{sample.pk}/reproduce/").content.decode()
    assert "与记录完全一致" in text
    assert Child.objects.get().code not in text
    assert office.post("/p/care/samples/draw/", {"seed": "x"}).status_code == 422
    assert office.get(f"/p/care/samples/{sample.pk}/export/").status_code == 200
    assert browse("deng_hong").post("/p/care/samples/draw/", {"seed": "x"}).status_code == 403


def test_of_few_visits_outsiders_read_no_number(browse: Browse) -> None:
    sample = drawn(now())
    visit = sample.visits.get()
    assert visit.matter_id is not None
    do(visit.matter_id, "visit", visitor_of(visit), now(), **POOR)
    text = browse("hao_jian").get(f"/p/care/samples/{sample.pk}/").content.decode()
    assert visit.child.code not in text
    assert "未落实</span>" not in text
    assert "不显示" in text or "1～4" in text
    for username in ("lin_yue", "jin_ke", "xu_min"):
        assert browse(username).get(f"/p/care/samples/{sample.pk}/").status_code == 403


def test_quarters() -> None:
    assert [quarter_of(date(2026, month, 1)) for month in (1, 3, 4, 12)] == [1, 1, 2, 4]
