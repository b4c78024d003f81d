"""A town's roster with what the explanations of its mismatches changed in it."""

from collections.abc import Iterable, Mapping

from qianshou.packs.commission.care.models import Mismatch, Roster
from qianshou.packs.commission.care.rounds.explaining import TAKEN_OUT
from qianshou.packs.commission.care.rounds.sealed import ListRow, open_rows
from qianshou.packs.commission.care.rounds.values import Values, open_values

SETTLED = ("explained", "corrected", "confirmed", "carried")
PAIRED = ("roster", "other", "mixed", "same", "apart")


def corrected_rows(roster: Roster) -> list[ListRow]:
    """Return a roster's rows with corrections applied, rows taken out, and rows taken in.

    Only what has been settled counts. Rows taken in stand last, under new numbers.
    """
    rows = {row.number: dict(row.texts) for row in open_rows(roster)}
    following = max(rows, default=0) + 1
    for one in settled_of(roster):
        told = open_values(one)
        if one.code == "D1":
            number = one.roster_row if one.decision == "second" else one.other_row
            holder = one.roster_id if one.decision == "second" else one.other_id
            if one.decision in ("first", "second") and holder == roster.pk:
                rows.pop(number or 0, None)
        elif one.code == "N2":
            added = added_row(told)
            if one.decision == "add" and not _is_there(added, rows.values()):
                rows[following] = added
                following += 1
        elif one.roster_id == roster.pk:
            _correct(rows, one, told)
    return [ListRow(number, texts) for number, texts in sorted(rows.items())]


def settled_of(roster: Roster) -> Iterable[Mismatch]:
    """Return the settled mismatches that may change a roster, oldest first."""
    found = Mismatch.objects.filter(round=roster.round_id, state__in=SETTLED)
    own = found.filter(roster=roster) | found.filter(code="D1", other=roster)
    return own.select_related("roster", "other").order_by("pk").distinct()


def _correct(rows: dict[int, dict[str, str]], one: Mismatch, told: Values) -> None:
    number = one.roster_row or 0
    if one.decision in TAKEN_OUT:
        rows.pop(number, None)
    elif one.decision in PAIRED and number in rows:
        for name, answer in told.told.answer.get("fields", {}).items():
            if answer["right"] != "roster":
                rows[number][name] = answer["value"]


def added_row(told: Values) -> dict[str, str]:
    """Return the row that a town takes in from a bureau's list."""
    return {name: answer["value"] for name, answer in told.told.answer.get("fields", {}).items()}


def _is_there(added: Mapping[str, str], rows: Iterable[Mapping[str, str]]) -> bool:
    """Whether a row stands already: both bureaus may have told of the same child."""
    keys = ("id_number",) if added.get("id_number") else ("name", "birth_date")
    return any(all(row.get(key) == added.get(key) for key in ("name", *keys)) for row in rows)


def changes_of(one: Mismatch, fields: dict[str, dict[str, str]]) -> bool:
    """Whether a decision changes a roster."""
    if one.decision in TAKEN_OUT or one.decision in ("add", "first", "second"):
        return one.code != "D2"
    return any(answer["right"] != "roster" for answer in fields.values())
