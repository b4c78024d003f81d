"""Texts: collects msgids into each room's English catalogue, compiles it, lists every refusal.

Run as `./messages`; with --check nothing is written and what would change is listed.
A room is a folder with an apps.py or a pack.toml; a file belongs to the nearest room above it.
Translations that another room already has are taken over.
"""

import ast
import io
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "qianshou"
REFUSALS = ROOT / "docs/guide/refusals.md"
CODE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)+")
CHINESE = re.compile(r"[\u3400-\u9fff]")
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
}
FIXED = datetime(2026, 1, 1, tzinfo=UTC)


def find_rooms() -> list[Path]:
    """Return the folders that may hold a catalogue."""
    marks = [*PACKAGE.glob("**/apps.py"), *PACKAGE.glob("packs/*/*/pack.toml")]
    return sorted({mark.parent for mark in marks})


def room_of(path: Path, rooms: list[Path]) -> Path | None:
    """Return the nearest room above a file."""
    return next((parent for parent in path.parents if parent in rooms), None)


def catalogue_of(room: Path) -> Path:
    """Return where the English catalogue of a room lies."""
    return room / "locale/en/LC_MESSAGES/django.po"


def sources() -> Iterator[tuple[Path, str]]:
    """Yield each file that may hold texts, with Babel's method for it."""
    for path in sorted(PACKAGE.glob("**/*.py")):
        if not {"tests", "migrations"} & set(path.parts):
            yield path, "python"
    for path in sorted(PACKAGE.glob("**/jinja2/**/*.*")):
        yield path, "jinja2.ext:babel_extract"


def extract(rooms: list[Path]) -> dict[Path, Catalog]:
    """Return for each room the texts that its files hold, untranslated."""
    found: dict[Path, Catalog] = {}
    for path, method in sources():
        room = room_of(path, rooms)
        if room is None:
            continue
        options = {"encoding": "utf-8", "newstyle_gettext": "true", "silent": "false"}
        rows = extract_from_file(
            method, str(path), keywords=KEYWORDS, options=options if "jinja" in method else None
        )
        for _line, text, comments, context in rows:
            catalogue = found.setdefault(room, empty_catalogue())
            where = [(str(path.relative_to(ROOT)), 0)]
            catalogue.add(text, locations=where, auto_comments=comments, context=context)
    return found


def empty_catalogue() -> Catalog:
    """Return a catalogue whose header does not change with the clock."""
    return Catalog(
        locale="en", project="Qianshou", version="1", creation_date=FIXED, revision_date=FIXED,
        copyright_holder="the Qianshou contributors", header_comment="", fuzzy=False,
    )  # fmt: skip


def known(rooms: list[Path]) -> dict[Path, Catalog]:
    """Return the catalogues that lie in the tree."""
    read = {}
    for room in rooms:
        path = catalogue_of(room)
        if path.exists():
            with path.open("rb") as stream:
                read[room] = read_po(stream, locale="en")
    return read


def merge(extracted: dict[Path, Catalog], old: dict[Path, Catalog]) -> dict[Path, Catalog]:
    """Fill in the translations that a room, or else any room, has."""
    for room, catalogue in extracted.items():
        others = [old[room]] if room in old else []
        others += [other for place, other in sorted(old.items()) if place != room]
        for message in catalogue:
            if not message.id:
                continue
            for other in others:
                there = other.get(message.id, message.context)
                if there is not None and there.string and any(there.string):
                    message.string = there.string
                    break
    return extracted


def po_bytes(catalogue: Catalog) -> bytes:
    """Return the catalogue as a .po file."""
    stream = io.BytesIO()
    write_po(stream, catalogue, width=100, sort_output=True, include_lineno=False)
    return stream.getvalue()


def mo_bytes(catalogue: Catalog) -> bytes:
    """Return the catalogue compiled."""
    stream = io.BytesIO()
    write_mo(stream, catalogue)
    return stream.getvalue()


def refusals() -> dict[str, tuple[str, str]]:
    """Return every refusal code in the source with its Chinese and English sentence.

    A call counts when it names a dotted code and holds a Chinese sentence followed by another
    text; the fields of f-strings are shown as {…}.
    """
    codes: dict[str, tuple[str, str]] = {}
    for path, method in sources():
        if method != "python":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                told = read_refusal(node)
                if told:
                    codes.setdefault(told[0], told[1:])
    return dict(sorted(codes.items()))


def read_refusal(call: ast.Call) -> tuple[str, str, str] | None:
    """Return code, Chinese and English of a call that makes a refusal, or None."""
    texts = [text_of(argument) for argument in call.args]
    texts += [text_of(keyword.value) for keyword in call.keywords if keyword.arg in ("zh", "en")]
    for index, code in enumerate(texts):
        rest = [text for text in texts[index + 1 :] if text]
        if code and CODE.fullmatch(code) and len(rest) >= 2 and CHINESE.search(rest[0]):
            return code, rest[0], rest[1]
    return None


def text_of(node: ast.expr) -> str:
    """Return the text of a string or f-string; empty for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = [text_of(part) if isinstance(part, ast.Constant) else "{…}" for part in node.values]
        return "".join(parts)
    return ""


def refusals_page() -> str:
    """Return the page that lists every refusal."""
    rows = [f"| `{code}` | {cell(zh)} | {cell(en)} |" for code, (zh, en) in refusals().items()]
    return "\n".join([
        "# Refusals · 不予通过提示",
        "",
        "Every error that a person can mend has a stable code. Written by `./messages`; do not edit.",
        "",
        "| code | 中文 | English |",
        "|---|---|---|",
        *rows,
        "",
    ])  # fmt: skip


def cell(text: str) -> str:
    """Return a text that fits a cell of a Markdown table."""
    return text.replace("|", "\\|").replace("\n", " ")


def write() -> list[str]:
    """Write every catalogue and the page of refusals; return what still lacks English."""
    rooms = find_rooms()
    merged = merge(extract(rooms), known(rooms))
    for room, catalogue in merged.items():
        path = catalogue_of(room)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(po_bytes(catalogue))
        path.with_suffix(".mo").write_bytes(mo_bytes(catalogue))
    REFUSALS.write_text(refusals_page(), encoding="utf-8")
    return untranslated(merged)


def untranslated(catalogues: dict[Path, Catalog]) -> list[str]:
    """Return each text without English, with its room."""
    return [
        f"{room.relative_to(ROOT)}: no English for {message.id!r}"
        for room, catalogue in sorted(catalogues.items())
        for message in catalogue
        if message.id and not (message.string and any(message.string))
    ]


def check() -> list[str]:
    """Return what `./messages` would change, and what lacks English; writes nothing."""
    rooms = find_rooms()
    old = known(rooms)
    merged = merge(extract(rooms), old)
    problems = untranslated(merged)
    for room, catalogue in sorted(merged.items()):
        path = catalogue_of(room)
        name = path.relative_to(ROOT)
        if not path.exists() or path.read_bytes() != po_bytes(catalogue):
            problems.append(f"{name}: out of date, run ./messages")
        elif path.with_suffix(".mo").read_bytes() != mo_bytes(catalogue):
            problems.append(f"{name}: not compiled, run ./messages")
    if not REFUSALS.exists() or REFUSALS.read_text(encoding="utf-8") != refusals_page():
        problems.append("docs/guide/refusals.md: out of date, run ./messages")
    return problems


def main() -> int:
    """Write, or with --check only look; print what is wrong and return 1 then."""
    problems = check() if "--check" in sys.argv[1:] else write()
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
