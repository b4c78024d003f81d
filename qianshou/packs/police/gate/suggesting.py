"""Which categories a call's words suggest, learnt from the district's own triage.

The words are hashed character n-grams of one to three signs, digits made alike, the model a linear
support vector machine (scikit-learn). It speaks of calls, never of callers: no number, name field
or place goes in. A person decides; the rule table works without it.
"""

import io
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, NamedTuple

import numpy

from qianshou.kernel.access import CLOCK, Actor, require
from qianshou.kernel.clock import CHINA
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.outbox import daily
from qianshou.kernel.pack import Name, Ranked, ranking
from qianshou.packs.police.gate.models import Call, SuggestionModel

LEAST = 500
LEAST_TESTED = 50
MOST = 50_000
SHOWN = 3
CAUTION = (
    "研判那些诉求的人已看过前一版的排序，这个数可能偏高。",
    "Whoever triaged those calls had seen an earlier version's list, so this may be too high. ",
)
FEATURES = 2**14
DIGITS = re.compile(r"\d+")


class Decided(NamedTuple):
    """A call that an officer has triaged: its words, the month (YYYY-MM), what the officer said,
    and what the rule table had said.
    """

    words: str
    month: str
    category: str
    rule: str


class Learnt(NamedTuple):
    """A trained model: its categories, their weights (categories x FEATURES) and intercepts."""

    categories: tuple[str, ...]
    weights: Any
    intercepts: Any


def words_of(facts: Mapping[str, Any]) -> str:
    """Return what of a call's facts is read: its summary and text, with all digits alike."""
    return DIGITS.sub("0", f"{facts.get('summary') or ''} {facts.get('text') or ''}")


@cache
def _hasher() -> Any:
    from sklearn.feature_extraction.text import HashingVectorizer

    return HashingVectorizer(analyzer="char", ngram_range=(1, 3), n_features=FEATURES)


def learn(calls: Sequence[Decided]) -> Learnt:
    """Return the model of `calls`, which are of two categories at least; the same each time."""
    from sklearn.svm import LinearSVC

    rows = _hasher().transform([call.words for call in calls])
    model = LinearSVC(C=0.5, random_state=7).fit(rows, [call.category for call in calls])
    weights, intercepts = model.coef_, model.intercept_
    if len(model.classes_) == 2:  # of two categories scikit-learn keeps the second's weights alone
        weights = numpy.vstack([-weights, weights])
        intercepts = numpy.concatenate([-intercepts, intercepts])
    categories = tuple(str(name) for name in model.classes_)
    return Learnt(categories, weights.astype(numpy.float16), intercepts.astype(numpy.float32))


def rank(model: Learnt, words: Sequence[str]) -> list[tuple[str, ...]]:
    """Return for each text the likeliest categories, SHOWN at most, the likeliest first."""
    scores = _hasher().transform(words) @ model.weights.astype(numpy.float32).T + model.intercepts
    order = numpy.argsort(-scores, axis=1, kind="stable")[:, :SHOWN]
    return [tuple(model.categories[column] for column in row) for row in order]


def decided_calls() -> list[Decided]:
    """Return the newest calls that officers have triaged, MOST at most, the oldest first; those
    that were merged away or that only a circle may know of are left out.
    """
    rows = (
        Call.objects.filter(triaged_at__isnull=False, matter__circle=None)
        .exclude(outcome="merge")
        .exclude(category="")
        .order_by("-triaged_at")
        .values_list("category", "triaged_at", "matter__state")[:MOST]
    )
    calls = []
    for category, at, state in rows:
        facts = json.loads(state)["facts"]
        month = f"{at.astimezone(CHINA):%Y-%m}" if at else ""
        calls.append(
            Decided(words_of(facts), month, category, facts.get("suggested_category") or "")
        )
    return calls[::-1]


def train(at: datetime) -> SuggestionModel | None:
    """Train and try the next version on what is decided at `at`, with an entry in the ledger.

    It is tried on the last month that is over and has LEAST_TESTED calls, and learns from those
    before. Returns it, or None where there are fewer than LEAST decided calls, no such month, or
    before it no two categories.
    """
    calls = decided_calls()
    last_month = _tested_month(calls, at)
    before = [call for call in calls if call.month < last_month]
    if len(calls) < LEAST or len({call.category for call in before}) < 2:
        return None
    tested = [call for call in calls if call.month == last_month]
    model = learn(before)
    ranks = rank(model, [call.words for call in tested])
    first = [call.category == found[0] for call, found in zip(tested, ranks, strict=True)]
    three = [call.category in found for call, found in zip(tested, ranks, strict=True)]
    counted = Counter(call.category for call in tested)
    by_category = {
        category: [
            count,
            sum(hit for hit, call in zip(first, tested, strict=True) if call.category == category),
            sum(hit for hit, call in zip(three, tested, strict=True) if call.category == category),
        ]
        for category, count in counted.most_common()
    }
    kept = io.BytesIO()
    numpy.savez_compressed(kept, weights=model.weights, intercepts=model.intercepts)
    last = SuggestionModel.objects.order_by("-version").first()
    return change_row(
        SuggestionModel(),
        {
            "version": last.version + 1 if last else 1,
            "trained_at": at,
            "calls": len(before),
            "tested_month": last_month,
            "tested": len(tested),
            "first_hits": sum(first),
            "three_hits": sum(three),
            "rule_hits": sum(call.category == call.rule for call in tested),
            "by_category": by_category,
            "categories": list(model.categories),
            "weights": kept.getvalue(),
            "is_on": last is None or last.is_on,
        },
        by=CLOCK,
        at=at,
    )


def _tested_month(calls: Sequence[Decided], at: datetime) -> str:
    """Return the last month that is over and has enough calls to say something, or ""."""
    present = f"{at.astimezone(CHINA):%Y-%m}"
    counted = Counter(call.month for call in calls if call.month < present)
    return max((month for month, count in counted.items() if count >= LEAST_TESTED), default="")


@daily("gate.train")
def train_monthly(at: datetime) -> None:
    """Train a version in each month in which there is enough to learn from."""
    start = at.astimezone(CHINA).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    if not SuggestionModel.objects.filter(trained_at__gte=start).exists():
        train(at)


def switch(on: bool, *, by: Actor, at: datetime) -> None:
    """Let the newest version rank categories, or not; for the district seat.

    Raises Refusal access.denied for others.
    """
    require(may_switch(by))
    newest = SuggestionModel.objects.order_by("-version").first()
    if newest is not None:
        change_row(newest, {"is_on": on}, by=by, at=at)


def may_switch(actor: Actor) -> bool:
    """Whether the actor holds the district seat, which answers for the suggestions."""
    return any(seat.pack == "police.gate" and seat.post == "district_seat" for seat in actor.seats)


@lru_cache(maxsize=2)
def _learnt(version: int, categories: tuple[str, ...]) -> Learnt:
    raw = SuggestionModel.objects.values_list("weights", flat=True).get(version=version)
    with numpy.load(io.BytesIO(bytes(raw)), allow_pickle=False) as kept:
        return Learnt(categories, kept["weights"], kept["intercepts"])


@ranking("gate.category")
def rank_categories(facts: Mapping[str, Any]) -> Ranked | None:
    """Return the likeliest categories of a call with how often such lists were right, or None
    while there is no model or the district has switched it off.
    """
    newest = SuggestionModel.objects.defer("weights").order_by("-version").first()
    if newest is None or not newest.is_on:
        return None
    model = _learnt(newest.version, tuple(newest.categories))
    (codes,) = rank(model, [words_of(facts)])
    first, three = (
        round(100 * hits / newest.tested) for hits in (newest.first_hits, newest.three_hits)
    )
    seen, seen_en = ("", "") if newest.version == 1 else CAUTION
    return Ranked(
        codes,
        Name(
            f"“最像的几类”由本区 {newest.calls} 件研判学得（第 {newest.version} 版）；"
            f"用它没见过的 {newest.tested_month} 月 {newest.tested} 件来试，"
            f"第一类命中 {first}%，三类之内 {three}%。{seen}由您决定。",
            f"The likeliest are learnt from {newest.calls} triaged calls of this district "
            f"(version {newest.version}); tried on the {newest.tested} calls of "
            f"{newest.tested_month}, which it had not seen, the first was right in {first} %, "
            f"one of the three in {three} %. {seen_en}You decide.",
        ),
    )
