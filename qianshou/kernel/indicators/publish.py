"""Publishing an indicator: frozen with its declaration, its time and the digest of what it counted.

What is published is for everybody: small counts are kept back as from somebody who sees none of
the records, whoever publishes.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection

from qianshou.kernel.access import Actor, require
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.door.turn import write_turn
from qianshou.kernel.indicators.declaration import DIVISION, PERIOD, Indicator
from qianshou.kernel.indicators.evaluate import Result, evaluate
from qianshou.kernel.indicators.lines import Line
from qianshou.kernel.indicators.models import Counted, Publication
from qianshou.kernel.indicators.period import Period
from qianshou.kernel.indicators.records import Narrowing, records_of
from qianshou.kernel.pack import Name
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Division

Row = tuple[int, str, float, bool]
LONGEST_TITLE = 120


@dataclass(frozen=True)
class Wanted:
    """What is to be published: which period beside which, of the whole district or of a town."""

    period: Period
    compared: Period
    title: str
    town: Division | None = None

    @property
    def narrowing(self) -> Narrowing:
        """The records that the town leaves."""
        return Narrowing(towns=(self.town.pk,)) if self.town else Narrowing()


def may_publish(by: Actor, indicator: Indicator) -> bool:
    """Whether a seat of `by` in the indicator's pack publishes, and it is shown to them at all."""
    return indicator.is_open_to(by) and any(
        seat.pack == indicator.pack and "publish" in seat.acts for seat in by.seats
    )


def publish_indicator(
    indicator: Indicator, wanted: Wanted, *, by: Actor, at: datetime
) -> Publication:
    """Publish what `indicator` counts at `at`, and return the frozen row.

    Refuses access.denied, publish.title (none, or longer than 120), publish.visible_only (what
    depends on who looks cannot be for everybody) and publish.future (a period still to begin).
    """
    require(may_publish(by, indicator))
    title = wanted.title.strip()
    if not title or len(title) > LONGEST_TITLE:
        raise Refusal(
            "publish.title",
            "请写发布的名称，不超过 120 个字",
            "Please name the publication, in 120 characters at most",
            "title",
        )
    if indicator.visible_only:
        raise Refusal(
            "publish.visible_only",
            "这个指标因人而异，不能发布",
            "This indicator depends on who looks at it; it cannot be published",
        )
    if wanted.period.start > at:
        raise Refusal(
            "publish.future",
            "这段时间还没有开始，不能发布",
            "This period has not begun; it cannot be published",
            "to",
        )
    periods = (wanted.period, wanted.compared)
    with one_snapshot():
        value, earlier = (evaluate(indicator, one, narrowing=wanted.narrowing) for one in periods)
        breakdowns = _breakdowns(indicator, wanted)
        rows = [counted_rows(indicator, one, wanted.narrowing) for one in periods]
    with write_turn():
        made = change_row(
            Publication(),
            {
                "indicator": indicator.id,
                "pack": indicator.pack,
                "name": indicator.name.zh,
                "name_en": indicator.name.en,
                "title": title,
                "digest": indicator.digest,
                "declaration": json.loads(json.dumps(indicator.table, default=str)),
                "first_date": wanted.period.first,
                "last_date": wanted.period.last,
                "compared_first_date": wanted.compared.first,
                "compared_last_date": wanted.compared.last,
                "town": wanted.town,
                "as_of_at": at,
                "value": value.value,
                "earlier": earlier.value,
                "marks": _marks(value, earlier),
                "breakdowns": breakdowns,
                "records_digest": digest_of_rows(rows[0]),
                "earlier_digest": digest_of_rows(rows[1]),
                "officer_id": by.officer,
            },
            by=by,
            at=at,
        )
        Counted.objects.create(publication=made, value=rows[0], earlier=rows[1])
    return made


@contextmanager
def one_snapshot() -> Iterator[None]:
    """Let all that is read see the same records, whatever is written down meanwhile.

    SQLite has no other writer in a write turn. PostgreSQL reads one snapshot (REPEATABLE READ),
    where the caller holds no transaction.
    """
    outermost = not connection.in_atomic_block
    with write_turn():
        if connection.vendor == "postgresql" and outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def counted_rows(indicator: Indicator, period: Period, narrowing: Narrowing) -> list[Row]:
    """Return the records that a number counts, by key: (key, when, its part, whether counted)."""
    records = records_of(indicator, period, narrowing)
    when = set(records.filter(**indicator.when).values_list("pk", flat=True))
    of = indicator.of if indicator.measure == "sum" and not indicator.since else "pk"
    found = records.order_by("pk").values_list("pk", indicator.at, of).distinct()
    return [
        (pk, _when(at), float(part or 0) if of != "pk" else 1.0, not indicator.when or pk in when)
        for pk, at, part in found
    ]


def _when(at: date | datetime) -> str:
    return at.isoformat()


def digest_of_rows(rows: Sequence[Sequence[Any]]) -> str:
    """Return the SHA-256 over the records counted, whatever their order."""
    text = json.dumps(sorted(list(row) for row in rows), separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def is_intact(publication: Publication) -> bool:
    """Whether the records kept with a publication are those that its digests name."""
    kept = publication.counted
    return (digest_of_rows(kept.value), digest_of_rows(kept.earlier)) == (
        publication.records_digest,
        publication.earlier_digest,
    )


def change_of(publication: Publication) -> float | None:
    """Return the published change: in points for a share, else in per cent of the earlier value."""
    value, earlier = publication.value, publication.earlier
    if value is None or earlier is None:
        return None
    if publication.declaration["measure"] == "share":
        return round(value - earlier, 2)
    return round(100 * (value - earlier) / earlier, 2) if earlier else None


def _told(name: Name | None) -> dict[str, str] | None:
    return None if name is None else {"zh": name.zh, "en": name.en}


def _marks(value: Result, earlier: Result) -> dict[str, Any]:
    told = {"value": _told(value.hidden_value), "earlier": _told(earlier.hidden_value)}
    return {key: mark for key, mark in told.items() if mark}


def _breakdowns(indicator: Indicator, wanted: Wanted) -> list[dict[str, Any]]:
    """Return every breakdown as it is shown: by which field, and its rows with their keys."""
    found = []
    for by in indicator.by:
        if by == PERIOD or (by == DIVISION and wanted.town):
            continue
        result = evaluate(indicator, wanted.period, by=by, narrowing=wanted.narrowing)
        english = evaluate(
            indicator, wanted.period, by=by, narrowing=wanted.narrowing, language="en"
        )
        names = {line.key: line.label for line in english.rows}
        rows = [_row(line, names) for line in result.rows]
        found.append({"by": by, "withheld": result.withheld, "rows": rows})
    return found


def _row(line: Line, names: Mapping[str, str]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "key": line.key,
        "zh": line.label,
        "en": names.get(line.key, line.label),
        "value": line.value,
        "count": line.count,
    }
    if line.hidden_value:
        told["mark"] = _told(line.hidden_value)
    return told
