"""Why two publications of what reads as one indicator differ: each record by one reason.

The reasons, in this order: the definition changed; the period is another, or had not come as far
when the first was published; the record was written down after that, about a time before (late);
it was corrected or withdrawn since. Their sums add up to the difference.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import Q

from qianshou.kernel.clock import day_of
from qianshou.kernel.indicators.declaration import Indicator, declared_again
from qianshou.kernel.indicators.models import Publication
from qianshou.kernel.indicators.period import Period
from qianshou.kernel.indicators.publish import change_of
from qianshou.kernel.indicators.records import Narrowing, records_of
from qianshou.kernel.indicators.suppression import FEW, KEPT, hide_counts, is_few
from qianshou.kernel.ledger.read import first_written
from qianshou.kernel.pack import Name
from qianshou.kernel.refusal import Refusal

DEFINITION, PERIOD, LATE, CORRECTED = "definition", "period", "late", "corrected"
REASONS = (DEFINITION, PERIOD, LATE, CORRECTED)
EVER = Period(date(1901, 1, 1), date(2199, 12, 31))
Rows = Mapping[int, tuple[str, float, bool]]


@dataclass
class Reason:
    """What one reason makes of the difference: records that came in and that fell out, their sum;
    where numbers are kept back `mark` stands for them. `keys` are the records.
    """

    name: str
    came: int = 0
    went: int = 0
    sum: float = 0.0
    keys: list[int] = field(default_factory=list)
    mark: Name | None = None


@dataclass(frozen=True)
class Difference:
    """The difference of two numbers, of the value or of the earlier one, with its reasons; `whole` is
    their sum, and None where it is kept back. `measured` says what is summed.
    """

    whole: float | None
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class Comparison:
    """Two publications side by side: what of the declaration changed, and the two differences.

    `sums` says whether the differences are those of the published numbers (counts and sums), or of
    the records counted only (shares, means and percentiles are no sums).
    """

    first: Publication
    second: Publication
    declared: tuple[tuple[str, Any, Any], ...]
    value: Difference
    earlier: Difference
    sums: bool


def periods_of(row: Publication) -> tuple[Period, Period]:
    """Return the period of a publication and the one it is compared with."""
    return (
        Period(row.first_date, row.last_date),
        Period(row.compared_first_date, row.compared_last_date),
    )


def publications_like(row: Publication) -> list[Publication]:
    """Return the other publications of what reads as the same indicator, the oldest first: of one
    id, or of one name.
    """
    same = Q(indicator=row.indicator) | Q(name=row.name)
    return list(Publication.objects.filter(same).exclude(pk=row.pk).order_by("as_of_at", "pk"))


def is_conflict(first: Publication, second: Publication) -> bool:
    """Whether two publications of one name say something else: the change, or the value."""
    return (change_of(first), first.value) != (change_of(second), second.value)


def compare_publications(one: Publication, other: Publication) -> Comparison:
    """Return the two, the earlier first, with the reasons of the differences."""
    first, second = sorted((one, other), key=lambda row: (row.as_of_at, row.pk))
    declared = tuple(
        (key, first.declaration.get(key), second.declaration.get(key))
        for key in sorted({*first.declaration, *second.declaration})
        if first.declaration.get(key) != second.declaration.get(key)
    )
    measure = {first.declaration["measure"], second.declaration["measure"]}
    sums = measure <= {"count"} or measure <= {"sum"}
    money = bool(first.declaration.get("money")) and measure == {"sum"}
    guarded = any(row.declaration.get("suppress") for row in (first, second))
    sides = []
    for place, name in enumerate(("value", "earlier")):
        told = [_rows(getattr(row.counted, name)) for row in (first, second)]
        periods = [periods_of(row)[place] for row in (first, second)]
        found = _explain(first, second, told[0], told[1], periods[0], periods[1])
        sides.append(_told(found, 100 if money else 1, guarded))
    return Comparison(first, second, declared, sides[0], sides[1], sums)


def _rows(kept: Sequence[Any]) -> Rows:
    return {pk: (when, part, counted) for pk, when, part, counted in kept}


def _explain(
    first: Publication, second: Publication, before: Rows, after: Rows, one: Period, other: Period
) -> dict[str, Reason]:
    reasons = {name: Reason(name) for name in REASONS}
    came, went = after.keys() - before.keys(), before.keys() - after.keys()
    differ = first.digest != second.digest or first.town_id != second.town_id
    old_now = _matching(first, came) if differ else came
    new_now = _matching(second, went) if differ else went
    written = _written(second, came)
    stands = bool(first.declaration.get("until"))
    for key in sorted(came):
        when, part, _counted = after[key]
        if key not in old_now:
            name = DEFINITION
        elif not _lies_in(when, one, stands) or _is_after(when, first.as_of_at):
            name = PERIOD
        elif key in written and written[key] > first.as_of_at:
            name = LATE
        else:
            name = CORRECTED
        _add(reasons[name], key, part, 1)
    kept_in_old = _matching(first, went) if differ else set()
    for key in sorted(went):
        when, part, _counted = before[key]
        if differ and key in kept_in_old and key not in new_now:
            name = DEFINITION
        elif stands and one != other:
            name = PERIOD
        else:
            name = CORRECTED if _lies_in(when, other, stands) else PERIOD
        _add(reasons[name], key, part, -1)
    for key in sorted(before.keys() & after.keys()):
        change = after[key][1] - before[key][1]
        if change or before[key][2] != after[key][2]:
            reasons[CORRECTED].sum += change
            reasons[CORRECTED].keys.append(key)
    return reasons


def _add(reason: Reason, key: int, part: float, sign: int) -> None:
    reason.came += sign > 0
    reason.went += sign < 0
    reason.sum += sign * part
    reason.keys.append(key)


def _told(reasons: Mapping[str, Reason], by: int, guarded: bool) -> Difference:
    """Return a difference as everybody may know it: 1 to 4 records are kept back where the
    indicator keeps small counts back, and what they could be worked out from.
    """
    found = tuple(reasons.values())
    for one in found:
        one.sum = round(one.sum / by, 2)
    whole = round(sum(one.sum for one in found), 2)
    if not guarded:
        return Difference(whole, found)
    counts = {one.name: one.came + one.went or len(one.keys) for one in found}
    hidden = hide_counts(counts)
    if any(map(is_few, counts.values())):
        for one in found:
            if hidden is None or one.name in hidden:
                one.mark = FEW if is_few(counts[one.name]) else KEPT
        if hidden is None or any(
            is_few(side) for one in found for side in (one.came, one.went) if not one.mark
        ):
            return Difference(None, found)
    return Difference(whole, found)


def _is_day(when: str) -> bool:
    return len(when) <= len("2026-01-31")


def _lies_in(when: str, period: Period, stands: bool) -> bool:
    """Whether a record's time is one that a period counts; what stands may have begun before."""
    day = date.fromisoformat(when) if _is_day(when) else day_of(datetime.fromisoformat(when))
    return (stands or period.first <= day) and day <= period.last


def _is_after(when: str, at: datetime) -> bool:
    """Whether a record's time had not come at `at`: a day has once it has begun."""
    if _is_day(when):
        return date.fromisoformat(when) > day_of(at)
    return datetime.fromisoformat(when) > at


def _matching(row: Publication, keys: Iterable[int]) -> set[int]:
    """Return which of the records answer to a publication's declaration and town now, whatever
    their time; all of them where the declaration can no longer be read.
    """
    wanted = set(keys)
    indicator = indicator_of(row)
    if indicator is None:
        return wanted
    narrowing = Narrowing(towns=(row.town_id,)) if row.town_id else Narrowing()
    records = records_of(indicator, EVER, narrowing)
    return wanted & set(records.values_list("pk", flat=True))


def indicator_of(row: Publication) -> Indicator | None:
    """Return the indicator as it was declared when it was published; None where the tables it
    names are gone.
    """
    try:
        return declared_again(row.pack, row.indicator.removeprefix(f"{row.pack}."), row.declaration)
    except Refusal:
        return None


def _written(row: Publication, keys: Iterable[int]) -> dict[int, datetime]:
    """Return when the records were first written down, by their own entry or their matter's; of
    none where the declaration can no longer be read.
    """
    indicator = indicator_of(row)
    if indicator is None:
        return {}
    wanted, model, path = list(keys), indicator.model, indicator.matter
    if model._meta.label == "worklist.Matter":
        pairs = list(model._default_manager.filter(pk__in=wanted).values_list("pk", "number"))
    elif path:
        number = f"{path.removesuffix('_id')}__number"
        pairs = list(model._default_manager.filter(pk__in=wanted).values_list("pk", number))
    else:
        pairs = [(key, f"{model._meta.model_name}/{key}") for key in wanted]
    found = first_written([subject for _, subject in pairs if subject])
    return {key: found[subject] for key, subject in pairs if subject in found}
