"""The report on a cross-check: one page that stands by itself, in both languages, to be printed.

It holds names of children, so that it belongs with the lists it was made from. The same lists
give the same bytes: no clock is read.
"""

import difflib
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from qianshou.kernel.registry.synthetic import WORDS, WORDS_EN
from qianshou.packs.commission.care.crosscheck import FIELDS, LEVELS, Decision, Lines, Outcome
from qianshou.packs.commission.care.lists.reading import ChildList
from qianshou.packs.commission.care.lists.words import CODES, DECISIONS
from qianshou.packs.commission.care.roster.columns import FIELDS as NAMED

MOST_SHOWN = 20  # discrepancies of a code
AGREEING = ("same", "missing", "capped")
MASKED = ("id_number", "phone")
LONGEST = 100  # signs of a text that are shown
WIDTH = 640
BARS = (
    ("rows", "花名册", "roster"),
    ("found", "找到人选", "a pupil was found"),
    ("auto", "自动认定", "decided"),
    ("same", "各项一致", "the same in all fields"),
)


def write_report(
    roster: ChildList,
    pupils: ChildList,
    outcome: Outcome,
    digest: str,
    decisions: memoryview,
    synthetic: bool,
) -> bytes:
    """Return the page; `digest` is the outcome's, `decisions` what decisions.csv holds."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("report.html").render(
        lists=(roster, pupils),
        named=NAMED,
        compared=FIELDS,
        decisions=[(*DECISIONS[key], count) for key, count in outcome.by_decision.items()],
        codes=[(key, *CODES[key], count) for key, count in outcome.by_code.items()],
        total=len(roster.table),
        marked=(WORDS, WORDS_EN) if synthetic else None,
        bars=list(bars_of(outcome)),
        agreement=list(agreement_of(outcome)),
        shown=list(shown_of(roster, pupils, outcome)),
        most=MOST_SHOWN,
        duplicates=(outcome.roster_duplicates, outcome.pupil_duplicates),
        version=outcome.weights_version,
        prior=outcome.prior,
        digest=digest,
        decisions_sha256=hashlib.sha256(decisions).hexdigest(),
    )
    return page.encode()


def bars_of(outcome: Outcome) -> Iterator[tuple[str, str, int, int, int]]:
    """Yield the funnel's bars: both names, count, left edge and width."""
    by = outcome.by_decision
    first = firsts_of(outcome)
    same = pc.sum(pc.and_(pc.equal(first["decision"], "auto"), pc.equal(first["code"], "M0")))
    counts = {
        "rows": sum(by.values()),
        "found": by["auto"] + by["review"],
        "auto": by["auto"],
        "same": same.as_py() or 0,
    }
    for key, zh, en in BARS:
        width = round(WIDTH * counts[key] / max(counts["rows"], 1))
        yield zh, en, counts[key], (WIDTH - width) // 2, width


def firsts_of(outcome: Outcome) -> pa.Table:
    """Return the best line of each row of the roster."""
    lines = outcome.decisions.table
    return lines.filter(pc.equal(lines["place_in_row"], 1))


def agreement_of(outcome: Outcome) -> Iterator[tuple[str, list[tuple[str, str, int, str]], int]]:
    """Yield for each field that both lists have how it agrees among the decided pairs.

    A field's levels stand in the order of LEVELS, each with its words, count and share.
    """
    first = firsts_of(outcome)
    decided = first.filter(pc.equal(first["decision"], "auto"))
    total = len(decided)
    for field in FIELDS:
        counted = {
            one["values"]: one["counts"]
            for one in pc.value_counts(decided[f"{field}_level"]).to_pylist()
        }
        levels = [
            (*LEVELS[level], counted[level], f"{100 * counted[level] / total:.1f} %")
            for level in LEVELS
            if counted.get(level)
        ]
        if set(counted) - {"missing", None}:
            yield field, levels, total


def shown_of(
    roster: ChildList, pupils: ChildList, outcome: Outcome
) -> Iterator[tuple[str, int, list[Mapping[str, Any]]]]:
    """Yield by code how many discrepancies there are and the first of them, fields beside fields."""
    codes = outcome.decisions.table["code"]
    for code in CODES:
        if code in ("M0", "D1", "D2"):
            continue
        places = pc.indices_nonzero(pc.equal(codes, code)).to_pylist()
        if places:
            few = outcome.decisions.table.take(places[:MOST_SHOWN])
            shown = Lines(few, roster.table, pupils.table)
            yield code, len(places), [show_decision(decision) for decision in shown]


def show_decision(decision: Decision) -> Mapping[str, Any]:
    """Return a decision for the page: each field's texts in marked pieces, its level and weight."""
    return {
        "roster_row": decision.roster_row,
        "pupil_row": decision.pupil_row,
        "decision": DECISIONS[decision.decision],
        "weight": decision.weight,
        "fields": [
            {
                "field": one.field,
                "roster": left,
                "pupil": right,
                "level": LEVELS[one.level],
                "weight": one.weight,
                "differs": one.level not in AGREEING,
            }
            for one in decision.evidence
            for left, right in [mark_pieces(one.field, one.roster, one.pupil, one.level)]
        ],
    }


Pieces = list[tuple[str, bool]]


def mark_pieces(field: str, roster: str, pupil: str, level: str) -> tuple[Pieces, Pieces]:
    """Return both texts in pieces, each with whether it differs from the other text.

    Where the level says that they mean the same, nothing is marked.

    Of identity and telephone numbers only the last four signs are shown.
    """
    roster, pupil = roster[:LONGEST], pupil[:LONGEST]
    shown = (hide(field, roster), hide(field, pupil))
    if level in AGREEING:
        return [(shown[0], False)], [(shown[1], False)]
    left: Pieces = []
    right: Pieces = []
    matcher = difflib.SequenceMatcher(None, roster, pupil, autojunk=False)
    for tag, start, end, other_start, other_end in matcher.get_opcodes():
        left.append((shown[0][start:end], tag != "equal"))
        right.append((shown[1][other_start:other_end], tag != "equal"))
    return [piece for piece in left if piece[0]], [piece for piece in right if piece[0]]


def hide(field: str, text: str) -> str:
    """Return a text as it may be shown, as long as it was."""
    if field not in MASKED:
        return text
    return "•" * max(len(text) - 4, 0) + text[-4:] if len(text) > 4 else "•" * len(text)
