"""Reads one row strictly: it is taken whole, or the reasons are named and nothing is taken."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date

from qianshou.packs.commission.care.roster import findings, identity
from qianshou.packs.commission.care.roster.columns import REQUIRED
from qianshou.packs.commission.care.roster.days import read_day, read_month
from qianshou.packs.commission.care.roster.findings import RosterRow, RowError
from qianshou.packs.commission.care.roster.grid import Marked
from qianshou.packs.commission.care.roster.numbers import read_number
from qianshou.packs.commission.care.roster.places import meant_place, nearest_place
from qianshou.packs.commission.care.roster.texts import (
    is_nothing,
    read_sex,
    read_yes,
    tidy,
    tidy_phone,
)

# A town's people can look into the household booklet; a bureau hands on what its own files say.
MENDED_AT_ONCE = "town"
LONGEST = {"remark": 500, "address": 200}
LONGEST_TEXT = 100


@dataclass(frozen=True)
class Rules:
    """What a row is held against: the kind of roster, the district's places, the last day.

    `places` names the district's towns, each with its villages; where a collection is empty,
    any name is right. A birth after `until` is an error.
    """

    kind: str
    places: Mapping[str, Collection[str]] = field(default_factory=dict)
    until: date | None = None
    since_1904: bool = False

    @property
    def is_strict(self) -> bool:
        """Whether whoever sends the roster can mend a wrong number or an empty cell."""
        return self.kind == MENDED_AT_ONCE


def read_row(
    number: int, cells: Mapping[str, str], rules: Rules
) -> tuple[RosterRow, list[RowError]]:
    """Return a row and what makes it unfit; the row stands only when nothing does."""
    return RowReader(number, cells, rules).read()


class RowReader:
    """Reads the fields of one row, and keeps what is wrong and what is odd."""

    def __init__(self, number: int, cells: Mapping[str, str], rules: Rules) -> None:
        self._number = number
        self._cells = cells
        self._rules = rules
        self._errors: list[RowError] = []
        self._notes: list[RowError] = []
        self._texts: dict[str, str] = {}

    def read(self) -> tuple[RosterRow, list[RowError]]:
        """Return the row and its errors."""
        for key, cell in self._cells.items():
            if isinstance(cell, Marked) and cell.computed and not cell:
                self._errors.append(findings.unfinished_formula(self._number, key))
            text = tidy(cell)
            self._texts[key] = "" if is_nothing(text) else text
        self._read_lengths()
        self._read_birth_date()
        self._read_identity()
        self._read_sex()
        self._read_places()
        self._read_absence()
        self._read_flag()
        if "phone" in self._texts:
            self._texts["phone"] = tidy_phone(self._texts["phone"])
        self._compare_with_number()
        self._read_required()
        return RosterRow(self._number, self._texts, tuple(self._notes)), self._errors

    def _say(self, key: str, code: str, zh: str, en: str) -> RowError:
        return RowError(self._number, key, code, zh, en)

    def _read_lengths(self) -> None:
        for key, text in self._texts.items():
            most = LONGEST.get(key, LONGEST_TEXT)
            if len(text) > most:
                self._errors.append(
                    self._say(
                        key,
                        "roster.long",
                        f"文字有 {len(text)} 字，最多 {most} 字；请写短些",
                        f"The text has {len(text)} characters, {most} at most; shorten it",
                    )
                )

    def _read_birth_date(self) -> None:
        typed = self._texts.get("birth_date", "")
        if not typed:
            return
        day, why = read_day(typed, since_1904=self._rules.since_1904)
        if day and self._rules.until and day > self._rules.until.isoformat():
            why = "ahead"
        if why:
            self._errors.append(findings.no_day(self._number, "birth_date", typed, why))
        self._texts["birth_date"] = day

    def _read_identity(self) -> None:
        cell = self._cells.get("id_number", "")
        was_number = isinstance(cell, Marked) and cell.number
        found = read_number(cell, self._texts.get("birth_date", ""), was_number=was_number)
        if "id_number" in self._cells:
            self._texts["id_number"] = found.text
        if found.doubt:
            self._notes.append(findings.doubtful_number(self._number, found.doubt))
        if found.fault:
            kept = not self._rules.is_strict and found.fault in ("check", "day", "length", "signs")
            problem = findings.bad_number(self._number, found.text, found.fault)
            (self._notes if kept else self._errors).append(problem)

    def _read_sex(self) -> None:
        typed = self._texts.get("sex", "")
        if not typed:
            return
        self._texts["sex"] = read_sex(typed) or typed
        if not read_sex(typed):
            self._errors.append(
                self._say(
                    "sex",
                    "roster.sex",
                    f"“{typed[:20]}”不是性别；请填男或女",
                    f"“{typed[:20]}” is no sex; write 男 or 女",
                )
            )

    def _read_places(self) -> None:
        places = self._rules.places
        if not places:
            return
        if not self._texts.get("town") and len(places) == 1:
            self._texts["town"] = next(iter(places))
        town = self._place("town", list(places))
        villages = list(places.get(town, ()))
        if villages:
            self._place("village", villages, within=town)

    def _place(self, key: str, names: list[str], within: str = "") -> str:
        typed = self._texts.get(key, "")
        if not typed:
            return ""
        found = meant_place(typed, names)
        if found:
            self._texts[key] = found
            return found
        near = nearest_place(typed, names)
        where_zh, where_en = within or "本区", within or "the district"
        zh = f"{where_zh}没有“{typed[:30]}”；"
        en = f"{where_en} has no “{typed[:30]}”; "
        zh += f"是不是“{near}”？" if near else "请填写"
        en += f"do you mean “{near}”? " if near else ""
        zh += "请照名称表填写" if near else "名称表里的名称"
        en += "Write it as the list of places has it"
        elsewhere = [town for town, villages in self._rules.places.items() if typed in villages]
        if within and elsewhere:
            zh = f"“{typed[:30]}”属于{elsewhere[0]}，不属于{within}；请改正镇街或村社区"
            en = f"“{typed[:30]}” belongs to {elsewhere[0]}, not {within}; correct one of them"
        problem = self._say(key, "roster.place", zh, en)
        # Pupils come from other districts too: a bureau's list may name places outside.
        (self._errors if self._rules.is_strict else self._notes).append(problem)
        return ""

    def _read_absence(self) -> None:
        for parent in ("father", "mother"):
            typed = self._texts.get(f"{parent}_away", "")
            if typed and not read_yes(typed):
                self._errors.append(
                    self._say(
                        f"{parent}_away",
                        "roster.yes_or_no",
                        f"看不出“{typed[:20]}”是外出还是没有外出；请填是或否",
                        f"“{typed[:20]}” does not say whether they are away; write 是 or 否",
                    )
                )
            elif f"{parent}_away" in self._cells:
                # 无 in this column is an answer, not an empty cell.
                self._texts[f"{parent}_away"] = read_yes(typed or self._cells[f"{parent}_away"])
            since = self._texts.get(f"{parent}_since", "")
            if since:
                month = read_month(since, since_1904=self._rules.since_1904)
                self._texts[f"{parent}_since"] = month
                if not month:
                    self._errors.append(
                        self._say(
                            f"{parent}_since",
                            "roster.month",
                            f"认不准“{since[:30]}”；请写成 2024-03 或 2024-03-05",
                            f"“{since[:30]}” is not certain; write it as 2024-03 or 2024-03-05",
                        )
                    )

    def _read_flag(self) -> None:
        typed = self._texts.get("flagged", "")
        if not typed:
            return
        answer = read_yes(typed) or ("否" if "非留守" in typed else "是" if "留守" in typed else "")
        self._texts["flagged"] = answer
        if not answer:
            self._errors.append(
                self._say(
                    "flagged",
                    "roster.yes_or_no",
                    f"看不出“{typed[:20]}”是不是留守儿童；请填是或否",
                    f"“{typed[:20]}” does not say whether the child is left behind; write 是 or 否",
                )
            )

    def _compare_with_number(self) -> None:
        number = self._texts.get("id_number", "")
        if not identity.is_valid(number):
            return
        born = identity.birth_date_of(number)
        stated = self._texts.get("birth_date", "")
        if born is not None and stated and stated != born.isoformat():
            self._notes.append(
                findings.unlike_number(self._number, "birth_date", stated, born.isoformat())
            )
        sex = self._texts.get("sex", "")
        if sex in ("男", "女") and sex != identity.sex_of(number):
            self._notes.append(
                findings.unlike_number(self._number, "sex", sex, identity.sex_of(number))
            )

    def _read_required(self) -> None:
        blamed = {error.field for error in self._errors}
        for key in REQUIRED[self._rules.kind]:
            if key == "id_number" or self._texts.get(key) or key in blamed:
                continue
            if key == "town" and not self._rules.is_strict:
                continue
            problem = findings.missing(self._number, key)
            needed = self._rules.is_strict or key == "name"
            (self._errors if needed else self._notes).append(problem)
        born = self._texts.get("id_number") or self._texts.get("birth_date")
        if not born and not blamed & {"id_number", "birth_date"}:
            self._errors.append(findings.no_birth(self._number))
