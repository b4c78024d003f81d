"""What the command tells on the terminal: how columns were read, and what came of it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qianshou.kernel.registry.synthetic import WORDS, WORDS_EN
from qianshou.packs.commission.care.lists.reading import SIDES, ChildList
from qianshou.packs.commission.care.lists.words import CODES, DECISIONS
from qianshou.packs.commission.care.roster.columns import COMPARED, FIELDS

if TYPE_CHECKING:
    from qianshou.packs.commission.care.lists.checking import Checked


def preview_files(lists: Sequence[ChildList], language: str) -> str:
    """Return in words which heading of each list was taken for which field."""
    at = 0 if language.startswith("zh") else 1
    return "\n".join(line[at] for line in lines_of(lists))


def lines_of(lists: Sequence[ChildList]) -> list[tuple[str, str]]:
    """Return the preview's lines in both languages."""
    lines = []
    for one in lists:
        zh, en = SIDES[one.side]
        sheet_zh = f"，表“{one.sheet}”" if one.sheet else ""
        sheet_en = f", sheet “{one.sheet}”" if one.sheet else ""
        rows = len(one.table)
        lines.append(
            (
                f"{zh}：{one.name}{sheet_zh}，{rows} 行",
                f"{en.capitalize()}: {one.name}{sheet_en}, {rows} rows",
            )
        )
        for column in one.columns:
            heading = " ".join(column.heading.split())
            if column.field in COMPARED:
                hand = ("（手工指定）", " (by hand)") if column.by_hand else ("", "")
                named = FIELDS[column.field]
                end = (
                    f"→ {column.field}  {named.zh}{hand[0]}",
                    f"→ {column.field}  {named.en}{hand[1]}",
                )
            else:
                end = ("→ 不参加比对", "→ not compared")
            start = f"  {column.letter:>3}  {heading}  "
            lines.append((start + end[0], start + end[1]))
        if one.absent:
            names_zh = "、".join(FIELDS[key].zh for key in one.absent)
            names_en = ", ".join(one.absent)
            lines.append((f"       没有的列：{names_zh}", f"       columns not there: {names_en}"))
        for warning in one.warnings:
            lines.append((f"    ! {warning.zh}", f"    ! {warning.en}"))
    return lines


def summarise(checked: "Checked", language: str) -> str:
    """Return the counts by decision and code, the weights and the files, in words."""
    at = 0 if language.startswith("zh") else 1
    outcome = checked.outcome
    lines = [""]
    if checked.synthetic:
        lines += [(WORDS, WORDS_EN)[at], ""]
    for key, count in outcome.by_decision.items():
        lines.append(f"{count:>9,}  {key:<10} {DECISIONS[key][at]}")
    lines.append("")
    for key, count in outcome.by_code.items():
        lines.append(f"{count:>9,}  {key:<10} {CODES[key][at]}")
    lines.append("")
    weights = ("权重版本", "weights version")[at]
    digest = ("结果摘要", "digest")[at]
    lines.append(f"{weights} {outcome.weights_version} · {digest} {checked.digest}")
    lines += [str(path) for path in checked.files]
    return "\n".join(lines)
