"""A roster that is a text with separators, as the one sheet of a file."""

from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.delimited import decode, find_separator, records
from qianshou.kernel.registry.sheets import Limits
from qianshou.packs.commission.care.roster.grid import Filling, Sheet


def read_delimited(content: bytes, name: str, limits: Limits) -> list[Sheet]:
    """Return the one sheet of a text; refuses sheet.too_large, sheet.encoding, sheet.torn."""
    if len(content) > limits.most_bytes:
        most = limits.most_bytes >> 20
        raise Refusal(
            "sheet.too_large",
            f"文件不能超过 {most} MB；请分几次导入",
            f"A file may have {most} MB at most; please bring it in parts",
        )
    text = decode(content)
    filling = Filling(limits.most_rows, limits.most_text)
    rows = []
    for number, cells in records(text, find_separator(text)):
        if any(cells):
            filling.count(cells)
            rows.append((number, cells))
    return [Sheet(name, rows)]
