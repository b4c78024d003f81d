"""A list while it is being filled in: read from a file or typed, each row held against the rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from qianshou.kernel.access import Actor, require
from qianshou.kernel.door.turn import write_turn
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry import cipher
from qianshou.kernel.registry.models import Division, Organisation
from qianshou.kernel.registry.vault import master_key
from qianshou.packs.commission.care.models import Roster, RosterDraft, Round
from qianshou.packs.commission.care.roster import Roster as ReadRoster
from qianshou.packs.commission.care.roster import RosterRow, RowError, read_roster
from qianshou.packs.commission.care.roster.columns import TEMPLATE
from qianshou.packs.commission.care.roster.header import Understood
from qianshou.packs.commission.care.roster.rows import Rules, read_row
from qianshou.packs.commission.care.rounds.collecting import hand_in, require_collecting
from qianshou.packs.commission.care.rounds.sealed import ListRow, key_of_list, pack, unpack
from qianshou.packs.commission.care.rounds.sharing import UNSHARED, Sharing
from qianshou.packs.commission.care.rounds.sight import sight_of


@dataclass
class Line:
    """A row of a draft: its number, its texts, what is wrong with it, what is odd."""

    number: int
    texts: Mapping[str, str]
    errors: list[RowError] = field(default_factory=list)
    notes: list[RowError] = field(default_factory=list)


@dataclass
class Draft:
    """A list as it is being filled in; `file` names where it came from, "" when typed."""

    file: str = ""
    lines: list[Line] = field(default_factory=list)
    told: list[RowError] = field(default_factory=list)

    @property
    def wrong(self) -> list[Line]:
        """The rows that cannot be handed in as they are."""
        return [line for line in self.lines if line.errors]


def places_of_district(town: str = "") -> dict[str, list[str]]:
    """Return the names of the villages by the name of their town; of one town if named."""
    rows = Division.objects.filter(valid_to=None, kind__in=("village", "community"))
    if town:
        rows = rows.filter(parent__name=town)
    found: dict[str, list[str]] = {}
    for name, parent in rows.order_by("pk").values_list("name", "parent__name"):
        found.setdefault(parent or "", []).append(name)
    return found


def rules_for(row: Round, kind: str, organisation: Organisation) -> Rules:
    """Return what a row of this list is held against."""
    town = organisation.division.name if kind == "town" else ""
    return Rules(kind, places_of_district(town), row.as_of)


def read_draft(row: Round, kind: str, organisation: Organisation) -> Draft | None:
    """Return the list that is being filled in, or None."""
    kept = RosterDraft.objects.filter(round=row, kind=kind, organisation=organisation).first()
    if kept is None:
        return None
    told = unpack(key_of_list(kept), bytes(kept.sealed))
    return Draft(
        told["file"],
        [
            Line(number, texts, _errors(errors), _errors(notes))
            for number, texts, errors, notes in told["lines"]
        ],
        _errors(told["told"]),
    )


def _errors(told: Sequence[Sequence[Any]]) -> list[RowError]:
    return [RowError(*one) for one in told]


def _plain(errors: Sequence[RowError]) -> list[list[Any]]:
    return [[one.row, one.field, one.code, one.zh, one.en] for one in errors]


def save_draft(
    row: Round, kind: str, organisation: Organisation, draft: Draft, *, by: Actor, at: datetime
) -> None:
    """Keep a list that is being filled in, sealed under a new key."""
    key = cipher.new_key()
    told = {
        "file": draft.file,
        "lines": [
            [line.number, dict(line.texts), _plain(line.errors), _plain(line.notes)]
            for line in draft.lines
        ],
        "told": _plain(draft.told),
    }
    assert by.officer is not None
    RosterDraft.objects.update_or_create(
        round=row,
        kind=kind,
        organisation=organisation,
        defaults={
            "officer_id": by.officer,
            "saved_at": at,
            "sealed": pack(key, told),
            "wrapped_key": cipher.wrap_key(key, master_key()),
        },
    )


def require_own(row: Round, kind: str, organisation: Organisation, by: Actor) -> None:
    """Refuse another's list (access.denied) and a round that takes none in (care.collected)."""
    require(sight_of(by).may_hand_in(kind, organisation.pk))
    require_collecting(row)


def take_file(
    row: Round,
    kind: str,
    organisation: Organisation,
    content: bytes,
    name: str,
    *,
    by: Actor,
    at: datetime,
) -> Draft:
    """Read a file into the draft, in place of what was there; nothing is handed in yet.

    Refuses what `read_roster` refuses, and then the draft stays as it was.
    """
    require_own(row, kind, organisation, by)
    rules = rules_for(row, kind, organisation)
    read = read_roster(content, name, kind, places=rules.places, at=at)
    by_row: dict[int, list[RowError]] = {}
    for error in read.errors:
        by_row.setdefault(error.row, []).append(error)
    lines = [Line(one.number, one.texts, [], list(one.notes)) for one in read.rows]
    lines += [Line(one.number, one.texts, by_row.get(one.number, [])) for one in read.rejected]
    lines.sort(key=lambda line: line.number)
    draft = Draft(name, lines, [one for one in read.warnings if not one.row])
    with write_turn():
        save_draft(row, kind, organisation, draft, by=by, at=at)
    return draft


def save_line(
    row: Round,
    kind: str,
    organisation: Organisation,
    number: int | None,
    texts: Mapping[str, str],
    *,
    by: Actor,
    at: datetime,
) -> Line:
    """Add a row to the draft (`number` None) or change one; it is kept with what is wrong with it."""
    require_own(row, kind, organisation, by)
    with write_turn():
        draft = read_draft(row, kind, organisation) or Draft()
        found = next((line for line in draft.lines if line.number == number), None)
        if number is not None and found is None:
            raise no_line()
        place = number or max((line.number for line in draft.lines), default=1) + 1
        typed = {key: text.strip() for key, text in texts.items() if key in TEMPLATE[kind]}
        read, errors = read_row(place, typed, rules_for(row, kind, organisation))
        line = Line(place, typed if errors else read.texts, errors, list(read.notes))
        if found is None:
            draft.lines.append(line)
        else:
            draft.lines[draft.lines.index(found)] = line
        save_draft(row, kind, organisation, draft, by=by, at=at)
    return line


def delete_line(
    row: Round, kind: str, organisation: Organisation, number: int, *, by: Actor, at: datetime
) -> None:
    """Take a row out of the draft; Refusal care.no_line where there is none."""
    require_own(row, kind, organisation, by)
    with write_turn():
        draft = read_draft(row, kind, organisation) or Draft()
        kept = [line for line in draft.lines if line.number != number]
        if len(kept) == len(draft.lines):
            raise no_line()
        draft.lines = kept
        save_draft(row, kind, organisation, draft, by=by, at=at)


def no_line() -> Refusal:
    """Return the answer for a row that is not in the draft."""
    return Refusal("care.no_line", "名单里没有这一行", "There is no such row in the list", "row")


def edit_again(
    row: Round,
    kind: str,
    organisation: Organisation,
    rows: Sequence[ListRow],
    *,
    by: Actor,
    at: datetime,
) -> Draft:
    """Make a draft of rows that were handed in, in this round or (corrected) in the one before."""
    rules = rules_for(row, kind, organisation)
    lines = []
    for place, one in enumerate(rows, 2):
        read, errors = read_row(place, one.texts, rules)
        lines.append(Line(place, one.texts if errors else read.texts, errors, list(read.notes)))
    draft = Draft("", lines)
    save_draft(row, kind, organisation, draft, by=by, at=at)
    return draft


def drop_draft(row: Round, kind: str, organisation: Organisation, *, by: Actor) -> None:
    """Forget what was being filled in."""
    require_own(row, kind, organisation, by)
    RosterDraft.objects.filter(round=row, kind=kind, organisation=organisation).delete()


def confirm(
    row: Round,
    kind: str,
    organisation: Organisation,
    sharing: Sharing = UNSHARED,
    *,
    by: Actor,
    at: datetime,
) -> Roster:
    """Hand the draft in, whole or not at all; the draft is gone then.

    Refuses care.rows_wrong while a row is wrong, and what `hand_in` refuses.
    """
    require_own(row, kind, organisation, by)
    with write_turn():
        draft = read_draft(row, kind, organisation) or Draft()
        if draft.wrong:
            raise Refusal(
                "care.rows_wrong",
                f"还有 {len(draft.wrong)} 行有错误；请改正或删去后再上报",
                f"{len(draft.wrong)} rows are wrong; mend or delete them before handing in",
            )
        rows = [ListRow(line.number, line.texts) for line in draft.lines]
        roster = hand_in(row, kind, organisation, rows, sharing, by=by, at=at)
        RosterDraft.objects.filter(round=row, kind=kind, organisation=organisation).delete()
    return roster


def as_read(draft: Draft, kind: str) -> ReadRoster:
    """Return a draft as the reader of files gives one, to write its errors into a sheet."""
    columns = tuple(Understood(place, key, key) for place, key in enumerate(TEMPLATE[kind]))
    errors = [error for line in draft.wrong for error in line.errors]
    rejected = tuple(RosterRow(line.number, line.texts) for line in draft.wrong)
    return ReadRoster(kind, draft.file, "", columns, (), tuple(errors), (), rejected)
