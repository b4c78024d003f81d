"""Word and Excel files taken in: what swells, runs, or reaches out of them is refused.

The directory is read before anything is unpacked. Markup is looked at as text, so that a broken
part hides nothing; relations are parsed, without entities.
"""

import re
import zipfile
from html import unescape
from io import BytesIO

from lxml import etree

from qianshou.kernel.refusal import Refusal

MOST_PARTS = 1000
MOST_RATIO = 200
SMALL_PART = 1024 * 1024
UNPACKED = 100 * 1024 * 1024
WITHIN = 1  # how deep a workbook may lie in a document: the figures of a chart
MARKUP = (".xml", ".rels", ".vml")
ENCODING = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([^"']{1,40})["']""")
MACRO_PARTS = re.compile(r"vbaproject|vbadata|/activex/|macrosheets/|/customui", re.IGNORECASE)
INSTRUCTION = re.compile(rb"<(?:\w+:)?instrText\b[^>]*>([^<]*)<")
SIMPLE_FIELD = re.compile(rb"""\binstr\s*=\s*(?:"([^"]*)"|'([^']*)')""")
DDE_FIELD = re.compile(r"\bDDE(AUTO)?\b", re.IGNORECASE)
FORMULA = re.compile(rb"<(?:\w+:)?f\b[^>]*>([^<]*)<")
DDE_FORMULA = re.compile(r"^[^\"(]*\w\s*\|\s*'?")
HYPERLINK = "/hyperlink"
SAFE_LINK = re.compile(r"(?:https?|mailto|tel):|#", re.IGNORECASE)


def check_office(raw: bytes, depth: int = 0) -> None:
    """Let a Word or Excel file pass that only holds what is read.

    Refuses document.bomb, document.broken, document.mixed, document.macro, document.embedded,
    document.link and document.dde.
    """
    try:
        with zipfile.ZipFile(BytesIO(raw)) as archive:
            parts = archive.infolist()
            _check_directory(parts)
            if not raw[-22:].startswith(b"PK\x05\x06") or b"%PDF-" in raw[:1024]:
                raise mixed()  # something follows the directory's end, or comes before its parts
            for part in parts:
                _check_part(part.filename, archive.read(part), depth)
    except Refusal:
        raise
    except Exception as error:  # a broken archive breaks zipfile and zlib in many ways
        raise broken() from error


def _check_directory(parts: list[zipfile.ZipInfo]) -> None:
    swollen = any(
        part.file_size > SMALL_PART and part.file_size > MOST_RATIO * max(part.compress_size, 1)
        for part in parts
    )
    if swollen or len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > UNPACKED:
        raise Refusal(
            "document.bomb",
            "文件解压后膨胀过大，不能接收",
            "The file swells too much when unpacked, and is not taken",
            "document",
        )
    names = [part.filename.lower() for part in parts]
    if len(set(names)) != len(names) or any(part.flag_bits & 1 for part in parts):
        raise broken()
    if any(name.startswith("/") or ".." in name.replace("\\", "/").split("/") for name in names):
        raise broken()


def _check_part(name: str, part: bytes, depth: int) -> None:
    lower = name.lower()
    if MACRO_PARTS.search(f"/{lower}") or (
        lower == "[content_types].xml" and b"macroenabled" in part.lower()
    ):
        raise macro()
    if "/embeddings/" in f"/{lower}" or (lower.endswith(".bin") and "ole" in lower):
        if not lower.endswith((".xlsx", ".docx")) or depth >= WITHIN:
            raise _embedded()
        check_office(part, depth + 1)
    if not lower.endswith(MARKUP):
        return
    declared = ENCODING.match(part.removeprefix(b"\xef\xbb\xbf"))
    if b"\0" in part or (declared and declared[1].lower() not in (b"utf-8", b"us-ascii", b"ascii")):
        raise broken()  # text in another encoding would not be seen below
    if b"<!DOCTYPE" in part or b"<!ENTITY" in part:
        raise broken()
    if lower.endswith(".rels"):
        _check_relations(part)
    elif lower.startswith("xl/"):
        if any(DDE_FORMULA.search(_text(found)) for found in FORMULA.findall(part)):
            raise _dde()
    else:
        told = _text(b"".join(INSTRUCTION.findall(part)))
        simple = [_text(one or other) for one, other in SIMPLE_FIELD.findall(part)]
        if any(DDE_FIELD.search(text) for text in (told, *simple)):
            raise _dde()


def _text(markup: bytes) -> str:
    return unescape(markup.decode("utf-8", "replace"))


def _check_relations(part: bytes) -> None:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    for relation in etree.fromstring(part, parser).iter("{*}Relationship"):
        kind, target = relation.get("Type", ""), relation.get("Target", "").strip()
        if kind.endswith(("/oleObject", "/control")):
            raise _embedded()
        outside = relation.get("TargetMode", "").lower() == "external"
        linked = kind.endswith(HYPERLINK) and SAFE_LINK.match(target)
        if (outside and not linked) or kind.endswith(("/externalLink", "/attachedTemplate")):
            raise Refusal(
                "document.link",
                "文件引用了外部文件或模板，请断开链接后再上传",
                "The file refers to other files or templates; break its links and upload it again",
                "document",
            )


def macro() -> Refusal:
    """Return the refusal of a file with macros."""
    return Refusal(
        "document.macro",
        "文件带有宏或控件，请另存为不带宏的文件后再上传",
        "The file holds macros or controls; save it without them and upload it again",
        "document",
    )


def _embedded() -> Refusal:
    return Refusal(
        "document.embedded",
        "文件里嵌有别的对象（OLE），请删去后再上传",
        "Another object (OLE) is embedded in the file; take it out and upload it again",
        "document",
    )


def _dde() -> Refusal:
    return Refusal(
        "document.dde",
        "文件里有会启动其他程序的域或公式（DDE），请删去后再上传",
        "The file has a field or formula that starts other programs (DDE); take it out and upload "
        "it again",
        "document",
    )


def mixed() -> Refusal:
    """Return the refusal of a file that is two kinds at once."""
    return Refusal(
        "document.mixed",
        "文件同时是两种格式，不能接收，请重新导出后再上传",
        "The file is of two kinds at once and is not taken; export it anew and upload it again",
        "document",
    )


def broken() -> Refusal:
    """Return the refusal of a file that does not open."""
    return Refusal(
        "document.broken",
        "文件打不开，请换一个",
        "The file cannot be opened; please choose another",
        "document",
    )
