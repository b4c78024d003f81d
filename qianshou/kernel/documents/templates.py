"""Templates of documents (文书模板): DOCX files with {{ fields }}, filled to the same bytes each time.

A template's version is the digest of its bytes, so that what was signed names what was read.
"""

import hashlib
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from docx import Document as open_docx
from docx.table import Table
from docxtpl import DocxTemplate
from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.synthetic import WORDS, WORDS_EN, is_synthetic

EPOCH = (1980, 1, 1, 0, 0, 0)
FIRST = "[Content_Types].xml"


@dataclass(frozen=True)
class Line:
    """One paragraph of a document for the screen; `level` 0 is a title, 1 a heading, 2 text."""

    text: str
    level: int


def version_of(template: bytes) -> str:
    """Return the digest that names a template's version."""
    return hashlib.sha256(template).hexdigest()


def list_fields(template: bytes) -> list[str]:
    """Return the names of a template's fields, in order of the alphabet.

    Raises Refusal document.template for what is no DOCX or does not read as a template.
    """
    try:
        opened = DocxTemplate(BytesIO(template))
        found: set[str] = opened.get_undeclared_template_variables(_environment())
    except (TemplateError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise _unreadable(error) from error
    return sorted(found)


def fill(template: bytes, context: Mapping[str, Any]) -> bytes:
    """Return a template with its fields filled from `context`: a DOCX, the same for the same.

    Refuses a field for which nothing is given (document.unfilled), so that nobody signs a blank,
    and what does not read as a template (document.template).
    """
    empty = [name for name in list_fields(template) if context.get(name) in (None, "")]
    if empty:
        told = "、".join(empty)
        raise Refusal(
            "document.unfilled",
            f"文书里还有没填的项：{told}",
            f"Fields of the document are empty: {', '.join(empty)}",
            empty[0],
        )
    try:
        opened = DocxTemplate(BytesIO(template))
        opened.render(dict(context), _environment(), autoescape=True)
    except TemplateError as error:
        raise _unreadable(error) from error
    if is_synthetic():
        _mark(opened.docx.sections)
    out = BytesIO()
    opened.save(out)
    return pack_again(out.getvalue())


def pack_again(content: bytes) -> bytes:
    """Return an office file's parts in one order and with one time, whatever wrote it and when."""
    out = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(content)) as given,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made,
    ):
        for name in sorted(given.namelist(), key=lambda name: (name != FIRST, name)):
            part = zipfile.ZipInfo(name, EPOCH)
            part.create_system = 0
            part.compress_type = zipfile.ZIP_DEFLATED
            made.writestr(part, given.read(name))
    return out.getvalue()


def read_lines(content: bytes) -> list[Line]:
    """Return a DOCX as lines for the screen, blank ones left out; a table's row is one line."""
    lines = []
    for part in open_docx(BytesIO(content)).iter_inner_content():
        if isinstance(part, Table):
            for row in part.rows:
                text = "　".join(dict.fromkeys(cell.text.strip() for cell in row.cells))
                lines.append(Line(text.strip(), 2))
            continue
        style = (part.style.name or "") if part.style is not None else ""
        level = 0 if style == "Title" else 1 if style.startswith("Heading") else 2
        lines.append(Line(part.text.strip(), level))
    return [line for line in lines if line.text]


def _mark(sections: Iterable[Any]) -> None:
    """Say at the head of each page that the people of the document are invented."""
    for number, section in enumerate(sections):
        heads = [section.header]
        if section.different_first_page_header_footer:
            heads.append(section.first_page_header)
        for head in heads:
            if number == 0 or not head.is_linked_to_previous:
                head.is_linked_to_previous = False
                head.paragraphs[0].insert_paragraph_before(f"{WORDS} {WORDS_EN}")


def _environment() -> SandboxedEnvironment:
    return SandboxedEnvironment(undefined=StrictUndefined, autoescape=True)


def _unreadable(error: Exception) -> Refusal:
    return Refusal(
        "document.template",
        f"不是能用的文书模板：{error}",
        f"This is no usable template: {error}",
        "template",
    )
