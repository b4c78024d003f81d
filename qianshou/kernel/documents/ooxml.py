"""Word and Excel files taken in: what swells, runs, or reaches out of them is refused.

The directory is read before anything is unpacked. Markup is parsed, without entities; a part is
known by what it holds and by how it is related, for Office asks for no name.
"""

import re
import zipfile
from io import BytesIO

from lxml import etree

from qianshou.kernel.documents.markup import embedded, link, look_at_markup
from qianshou.kernel.refusal import Refusal

MOST_PARTS = 1000
MOST_RATIO = 200
SMALL_PART = 1024 * 1024
UNPACKED = 100 * 1024 * 1024
WITHIN = 1  # how deep a workbook may lie in a document: the figures of a chart
MARKUP = (".xml", ".rels", ".vml", ".svg", ".psmdcp")
BINARY = (
    ".png", ".jpg", ".jpeg", ".jfif", ".gif", ".bmp", ".tif", ".tiff", ".ico", ".webp", ".wdp",
    ".emf", ".wmf", ".emz", ".wmz", ".tmp", ".bin", ".odttf", ".fntdata", ".sigs", ".cer",
    ".xlsx", ".docx",
)  # fmt: skip
BEGINS_AS_MARKUP = (b"<", b"\xff\xfe", b"\xfe\xff")
OLE = b"\xd0\xcf\x11\xe0"
ENCODING = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([^"']{1,40})["']""")
MACRO_PARTS = re.compile(
    r"vbaproject|vbadata|/activex/|macrosheets/|/customui|webextension", re.IGNORECASE
)
OUTSIDE_PARTS = re.compile(r"/connections\.xml$|/querytables/|/externallinks/", re.IGNORECASE)
MACRO_KINDS = re.compile(r"macroenabled|vba|activex|macrosheet|webextension", re.IGNORECASE)
RELATIONS = {
    "officeDocument", "core-properties", "extended-properties", "custom-properties", "thumbnail",
    "origin", "signature", "certificate", "customXml", "customXmlProps", "styles",
    "stylesWithEffects", "settings", "webSettings", "fontTable", "font", "theme", "themeOverride",
    "numbering", "footnotes", "endnotes", "header", "footer", "comments", "commentsExtended",
    "commentsIds", "commentsExtensible", "people", "documenttasks", "classificationlabels",
    "glossaryDocument", "bibliography", "image", "hdphoto", "hyperlink", "chart", "chartEx",
    "chartColorStyle", "chartStyle", "chartUserShapes", "diagramData", "diagramLayout",
    "diagramQuickStyle", "diagramColors", "diagramDrawing", "drawing", "vmlDrawing", "ink",
    "recipientData", "printerSettings", "package", "worksheet", "chartsheet", "sharedStrings",
    "calcChain", "pivotTable", "pivotCacheDefinition", "pivotCacheRecords", "table",
    "tableSingleCells", "xmlMaps", "sheetMetadata", "threadedComment", "person", "slicer",
    "slicerCache", "timeline", "timelineCache", "ctrlProp", "customProperty", "usernames",
    "revisionHeaders", "revisionLog", "rdRichValue", "rdRichValueStructure", "rdRichValueTypes",
    "richValueRel", "rdArray", "rdSupportingPropertyBag",
    "rdSupportingPropertyBagStructure", "FeaturePropertyBag", "cellImage",
}  # fmt: skip
LINKING = re.compile(
    r"/(?:externalLink\w*|xlExternalLinkPath|attachedTemplate|connections|queryTable|frame"
    r"|subDocument|mailMergeSource|mailMergeHeaderSource|volatileDependencies)$"
)
EMBEDDED = re.compile(r"(?:/(?:word|xl)/|\.\./)*embeddings/[^/%\\]+\.(?:xlsx|docx)", re.IGNORECASE)
HYPERLINK = "/hyperlink"
SAFE_LINK = re.compile(r"(?:https?|mailto|tel):|#", re.IGNORECASE)


def check_office(raw: bytes, depth: int = 0) -> None:
    """Let a Word or Excel file pass that only holds what is read.

    Refuses document.bomb, document.broken, document.mixed, document.macro, document.embedded,
    document.link, document.dde, and document.part for what is not known.
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
    if MACRO_PARTS.search(f"/{lower}"):
        raise macro()
    if OUTSIDE_PARTS.search(f"/{lower}"):
        raise link()
    if "/embeddings/" in f"/{lower}" or (lower.endswith(".bin") and "ole" in lower):
        if not lower.endswith((".xlsx", ".docx")) or depth >= WITHIN:
            raise embedded()
        check_office(part, depth + 1)
    elif not lower.endswith(MARKUP):
        _check_binary(lower, part)
    else:
        _check_encoding(part)
        if lower == "[content_types].xml":
            _check_kinds(part)
        elif lower.endswith(".rels"):
            _check_relations(part)
        else:
            look_at_markup(part, lenient=lower.endswith(".vml"))


def _check_binary(name: str, part: bytes) -> None:
    """Let pass what is no markup: Office may read any part as markup, whatever it is called."""
    if part.startswith(OLE):
        raise embedded()
    if part and not name.endswith(BINARY):
        raise _unknown(name.rpartition("/")[2])
    if part.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(BEGINS_AS_MARKUP):
        raise broken()


def _check_encoding(part: bytes) -> None:
    """Refuse markup in another encoding, or with entities of its own."""
    declared = ENCODING.match(part.removeprefix(b"\xef\xbb\xbf"))
    if b"\0" in part or (declared and declared[1].lower() not in (b"utf-8", b"us-ascii", b"ascii")):
        raise broken()
    if b"<!DOCTYPE" in part or b"<!ENTITY" in part:
        raise broken()


def _parsed(part: bytes) -> etree._Element:
    if len(part) > SMALL_PART:
        raise broken()
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    return etree.fromstring(part, parser)


def _check_kinds(part: bytes) -> None:
    for declared in _parsed(part).iter("{*}Default", "{*}Override"):
        if MACRO_KINDS.search(declared.get("ContentType", "")):
            raise macro()


def _check_relations(part: bytes) -> None:
    for relation in _parsed(part).iter("{*}Relationship"):
        kind, target = relation.get("Type", "").strip(), relation.get("Target", "").strip()
        if MACRO_KINDS.search(kind):
            raise macro()
        if kind.endswith(("/oleObject", "/control", "/aFChunk")):
            raise embedded()
        outside = relation.get("TargetMode", "").strip().lower() == "external"
        linked = kind.endswith(HYPERLINK) and SAFE_LINK.match(target)
        if (outside and not linked) or LINKING.search(kind):
            raise link()
        if kind.endswith("/package") and not EMBEDDED.fullmatch(target):
            raise embedded()
        if kind.rpartition("/")[2] not in RELATIONS:
            raise _unknown(kind.rpartition("/")[2])


def _unknown(name: str) -> Refusal:
    return Refusal(
        "document.part",
        f"文件里有不认识的部分（{name[:60]}），请另存为普通的 Word 或 Excel 文件后再上传",
        f"The file has a part that is not known ({name[:60]}); save it as a plain Word or Excel file "
        "and upload that",
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
