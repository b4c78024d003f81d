"""What the options of the command say of one list or the other."""

from collections.abc import Sequence

from qianshou.kernel.refusal import Refusal
from qianshou.packs.commission.care.lists.reading import SIDES


def parse_sided(words: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return by side what options like roster:name=孩子 say; refuses lists.option."""
    found: dict[str, dict[str, str]] = {side: {} for side in SIDES}
    for word in words:
        side, colon, rest = word.partition(":")
        key, equals, value = rest.partition("=")
        if side not in SIDES or not (colon and equals and key.strip() and value.strip()):
            raise Refusal(
                "lists.option",
                f"--map “{word}” 写得不对；请写成 --map roster:字段=列名（或 pupils:字段=列名）",
                f"--map “{word}” cannot be read: write --map roster:FIELD=HEADING "
                "(or pupils:FIELD=HEADING)",
                "map",
            )
        if key.strip() in found[side]:
            raise Refusal(
                "lists.option_twice",
                f"--map 两次指定了 {side} 的字段 {key}；请只留一个",
                f"--map names the field {key} of {side} twice; keep one",
                "map",
            )
        found[side][key.strip()] = value.strip()
    return found


def parse_sheets(words: Sequence[str]) -> dict[str, str]:
    """Return by side what options like roster:名册 say; refuses lists.sheet_option."""
    found = {}
    for word in words:
        side, _, name = word.partition(":")
        if side not in SIDES or not name.strip():
            raise Refusal(
                "lists.sheet_option",
                f"--sheet “{word}” 写得不对；请写成 --sheet roster:表名（或 pupils:表名）",
                f"--sheet “{word}” cannot be read: write --sheet roster:NAME (or pupils:NAME)",
                "sheet",
            )
        found[side] = name.strip()
    return found
