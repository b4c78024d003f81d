"""What a cross-check found: columns inside, one `Decision` at a time outside."""

import csv
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

FIELDS = (
    "name", "id_number", "birth_date", "sex", "town", "village", "school", "guardian", "phone",
)  # fmt: skip
DECISIONS = ("auto", "review", "not_found")
CODES = ("M0", "M1", "C1", "C2", "A1", "D1", "D2", "N1")


@dataclass(frozen=True)
class Evidence:
    """What one field says for or against a pair; `level` is one of `levels.LEVELS`."""

    field: str
    roster: str
    pupil: str
    level: str
    weight: float


@dataclass(frozen=True)
class Decision:
    """One line: a row of the roster with a pupil, or with none.

    `weight` is the outcome's prior and the evidence together, log2; the evidence "household"
    takes back what village, guardian and phone say more than once.
    """

    roster_row: int
    pupil_row: int | None
    decision: str
    code: str
    weight: float
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True)
class Duplicate:
    """Two rows of one list that are one child (D1 in the roster, D2 among the pupils)."""

    first: int
    second: int
    weight: float


class Lines:
    """The decisions in order of the roster's rows, the best pupil of a row first."""

    def __init__(self, table: pa.Table, roster: pa.Table, pupils: pa.Table) -> None:
        self.table = table
        self._roster = roster
        self._pupils = pupils

    def __len__(self) -> int:
        return len(self.table)

    def __iter__(self) -> Iterator[Decision]:
        for start in range(0, len(self.table), 10_000):
            yield from map(_make_decision, self.tell(start, 10_000).to_pylist())

    def __getitem__(self, at: int) -> Decision:
        return _make_decision(self.tell(range(len(self))[at], 1).to_pylist()[0])

    def tell(self, start: int = 0, length: int | None = None) -> pa.Table:
        """Return lines as columns, with the text of both lists beside each level and weight."""
        lines = self.table.slice(start, length)
        told = {name: lines[name] for name in ("roster_row", "pupil_row", "decision", "code")}
        told["weight"] = lines["weight"]
        left = _pick(self._roster, lines["roster_row"])
        right = _pick(self._pupils, lines["pupil_row"])
        for field in FIELDS:
            told[f"{field}_roster"] = left[field]
            told[f"{field}_pupil"] = right[field]
            told[f"{field}_level"] = lines[f"{field}_level"]
            told[f"{field}_weight"] = lines[f"{field}_weight"]
        told["household_weight"] = lines["capped"]
        return pa.table(told)


def _pick(source: pa.Table, rows: pa.ChunkedArray) -> pa.Table:
    at = pc.index_in(rows, value_set=source["row"].combine_chunks())
    empty = pa.nulls(len(rows), pa.string())
    return pa.table(
        {
            field: source[field].take(at) if field in source.column_names else empty
            for field in FIELDS
        }
    )


def _make_decision(row: dict[str, object]) -> Decision:
    evidence = []
    for field in FIELDS:
        level = row[f"{field}_level"]
        if isinstance(level, str):
            texts = (row[f"{field}_roster"], row[f"{field}_pupil"])
            left, right = (text if isinstance(text, str) else "" for text in texts)
            weight = row[f"{field}_weight"]
            assert isinstance(weight, float)
            evidence.append(Evidence(field, left, right, level, weight))
    capped = row["household_weight"]
    if isinstance(capped, float) and capped < 0:
        evidence.append(Evidence("household", "", "", "capped", capped))
    roster_row, pupil_row, weight = row["roster_row"], row["pupil_row"], row["weight"]
    assert isinstance(roster_row, int)
    assert isinstance(weight, float)
    return Decision(
        roster_row,
        pupil_row if isinstance(pupil_row, int) else None,
        str(row["decision"]),
        str(row["code"]),
        weight,
        tuple(evidence),
    )


@dataclass(frozen=True)
class Outcome:
    """The decisions on a roster, the duplicates of both lists, and what they rest on."""

    decisions: Lines
    roster_duplicates: tuple[Duplicate, ...]
    pupil_duplicates: tuple[Duplicate, ...]
    weights_version: str
    prior: float

    @cached_property
    def by_decision(self) -> dict[str, int]:
        """Rows of the roster by the decision on them."""
        firsts = self.decisions.table.filter(pc.equal(self.decisions.table["place_in_row"], 1))
        return _count(firsts["decision"], DECISIONS)

    @cached_property
    def by_code(self) -> dict[str, int]:
        """Lines by code; D1 and D2 count the pairs of duplicates."""
        counted = _count(self.decisions.table["code"], CODES)
        duplicates = {"D1": len(self.roster_duplicates), "D2": len(self.pupil_duplicates)}
        return {**counted, **duplicates}

    def write_csv(self, path: Path) -> None:
        """Write the decisions, one line each, in UTF-8 with a mark that spreadsheets know."""
        with path.open("wb") as file:
            file.write(b"\xef\xbb\xbf")
            arrow_csv.write_csv(_guard_formulas(self.decisions.tell()), file)

    def digest(self) -> str:
        """Return the SHA-256 of the canonical bytes: same lists and weights, same digest."""
        sink = pa.BufferOutputStream()
        arrow_csv.write_csv(self.decisions.tell(), sink)
        digest = hashlib.sha256(memoryview(sink.getvalue()))
        tail = io.StringIO()
        writer = csv.writer(tail, lineterminator="\n")
        writer.writerow(["weights", self.weights_version, repr(self.prior)])
        for code, pairs in (("D1", self.roster_duplicates), ("D2", self.pupil_duplicates)):
            writer.writerows([code, one.first, one.second, repr(one.weight)] for one in pairs)
        digest.update(tail.getvalue().encode())
        return digest.hexdigest()


@dataclass(frozen=True)
class LeftOut:
    """A row of a third list with nobody on the roster (N2), and the pupil that it is, if known."""

    row: int
    pupil_row: int | None


def find_left_out(with_roster: Outcome, with_pupils: Outcome) -> tuple[LeftOut, ...]:
    """Return the rows of a third list (civil affairs, a school's flags) that no roster holds.

    Both outcomes compare the third list: with the roster, then with the pupils. Only the direct
    comparison decides; a pupil whom both lists seem to share joins nobody without a person.
    """
    pupils: dict[int, int] = {}
    for line in with_pupils.decisions.table.select(
        ["roster_row", "pupil_row", "decision", "place_in_row"]
    ).to_pylist():
        if line["decision"] == "auto" and line["place_in_row"] == 1:
            pupils[line["roster_row"]] = line["pupil_row"]
    table = with_roster.decisions.table
    missing = table.filter(pc.equal(table["decision"], "not_found"))["roster_row"].to_pylist()
    return tuple(LeftOut(row, pupils.get(row)) for row in missing)


def _count(column: pa.ChunkedArray, known: tuple[str, ...]) -> dict[str, int]:
    counted = {one["values"]: one["counts"] for one in pc.value_counts(column).to_pylist()}
    return {name: counted.get(name, 0) for name in known}


def _guard_formulas(table: pa.Table) -> pa.Table:
    """Return the table with cells that a spreadsheet would run made plain text."""
    for at, name in enumerate(table.column_names):
        if name.endswith(("_roster", "_pupil")):
            column = table[name].cast(pa.string())
            risky = pc.fill_null(pc.match_substring_regex(column, r"^[=+\-@\t\r]"), False)
            guarded = pc.binary_join_element_wise("'", column, "")
            table = table.set_column(at, name, pc.if_else(risky, guarded, column))
    return table
