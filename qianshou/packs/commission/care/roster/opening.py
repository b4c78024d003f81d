"""Opens a roster by what it holds, whatever its name says.

The readers of workbooks are loaded on their first use only, as `registry.sheets` does.
"""

from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.sheets import Limits
from qianshou.packs.commission.care.roster.delimited import read_delimited
from qianshou.packs.commission.care.roster.grid import Sheet

# A year's pupils of a county in one upload: 100,000 rows of twenty columns.
ROSTER_LIMITS = Limits(
    most_bytes=50 << 20,
    most_unpacked=500 << 20,
    most_rows=200_000,
    most_text=100_000_000,
    most_tags=20_000_000,
)
ARCHIVE = b"PK"
COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MARKUP = (b"<html", b"<!doctype", b"<table", b"<?xml", b"<meta", b"<head")
OTHERS = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"Rar!", b"7z\xbc\xaf", b"{\\rtf")


def open_sheets(content: bytes, name: str, limits: Limits = ROSTER_LIMITS) -> list[Sheet]:
    """Return the sheets of a file.

    Refuses roster.empty, roster.not_a_table (a web page, a picture, a PDF) and what the readers
    refuse.
    """
    if not content.strip():
        raise Refusal("roster.empty", f"文件“{name}”是空的", f"The file “{name}” is empty")
    if content.startswith(ARCHIVE):
        from qianshou.packs.commission.care.roster.xlsx import read_xlsx

        return read_xlsx(content, limits)
    if content.startswith(COMPOUND):
        from qianshou.packs.commission.care.roster.xls import read_xls

        return read_xls(content, limits)
    start = content[:1000].lstrip(b"\xef\xbb\xbf\r\n\t ")
    if start.lower().startswith(MARKUP) or start.startswith(OTHERS):
        raise Refusal(
            "roster.not_a_table",
            f"“{name}”不是表格（有些系统导出的 .xls 其实是网页）；"
            "请用 Excel 或 WPS 打开，另存为“Excel 工作簿（.xlsx）”",
            f"“{name}” is no table (some systems export web pages as .xls); "
            "open it in Excel or WPS and save it as an Excel workbook (.xlsx)",
        )
    return read_delimited(content, name, limits)
