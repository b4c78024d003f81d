"""A file handed to a browser: as a download, or to look at; a list as a workbook or as CSV."""

import csv
import io
import re
from collections.abc import Iterable, Sequence

from django.http import HttpRequest, HttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from qianshou.design.refused import language
from qianshou.kernel.documents.models import Document
from qianshou.kernel.documents.store import SUFFIXES, XLSX, read_document
from qianshou.kernel.registry.sheets import RISKY, UNWRITABLE, Column, write_sheet
from qianshou.kernel.registry.synthetic import marked_words

CSV = "text/csv; charset=utf-8"
NUMBER = re.compile(r"[+-]?[\d,]+(\.\d+)?( ?%)?")
BOM = "\ufeff"
FILE_POLICY = "default-src 'none'; sandbox"


def file_response(content: bytes, name: str, media_type: str = XLSX) -> HttpResponse:
    """Return bytes as a download under a name; a workbook unless another media type is said."""
    headers = {"Content-Disposition": content_disposition_header(True, name) or "attachment"}
    return HttpResponse(content, content_type=media_type, headers=headers)


def give_file(document: Document, name: str) -> HttpResponse:
    """Return a stored file as an attachment under its own kind of name; refuses what
    `read_document` refuses.
    """
    suffix = SUFFIXES.get(document.media_type, "")
    if not name.lower().endswith(suffix):
        name = f"{name.rpartition('.')[0] or name}{suffix}"
    headers = {
        "Content-Disposition": content_disposition_header(True, name) or "attachment",
        "Content-Security-Policy": FILE_POLICY,
        "X-Content-Type-Options": "nosniff",
    }
    return HttpResponse(read_document(document), content_type=document.media_type, headers=headers)


def table_response(
    request: HttpRequest,
    columns: Sequence[Column],
    rows: Iterable[Sequence[str]],
    name: str,
    most: int | None = None,
) -> HttpResponse:
    """Return a list as a download `name`.xlsx, or .csv where the address says as=csv.

    Where there are more than `most` rows, a last row says instead that the list goes on.
    """
    if most is not None:
        rows = _cut(list(rows), most, len(columns))
    if request.GET.get("as") == "csv":
        return file_response(write_csv(columns, rows, language()), f"{name}.csv", CSV)
    return file_response(write_sheet(columns, rows, language()), f"{name}.xlsx")


def _cut(rows: list[Sequence[str]], most: int, columns: int) -> list[Sequence[str]]:
    if len(rows) <= most:
        return rows
    told = _("只导出了前 %(n)s 行，后面还有；请缩小范围后再导出") % {"n": most}
    return [*rows[:most], (told, *[""] * (columns - 1))]


def write_csv(columns: Sequence[Column], rows: Iterable[Sequence[str]], language: str) -> bytes:
    """Return rows as CSV (RFC 4180) that Excel opens as UTF-8, under a heading.

    What a spreadsheet would compute, and no number is, gets an apostrophe before it (OWASP, CSV
    injection); where the people are invented a last column says so.
    """
    marked = marked_words(language)
    text = io.StringIO()
    write = csv.writer(text).writerow
    write([column.title(language) for column in columns] + ([marked] if marked else []))
    for row in rows:
        cells = [UNWRITABLE.sub("", cell) for cell in row]
        told = [f"'{cell}" if _is_risky(cell) else cell for cell in cells]
        write(told + ([marked] if marked else []))
    return f"{BOM}{text.getvalue()}".encode()


def _is_risky(cell: str) -> bool:
    return cell.startswith(RISKY) and not NUMBER.fullmatch(cell)
