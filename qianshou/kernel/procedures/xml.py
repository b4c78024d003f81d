"""Reading XML that strangers upload: no DTD, no entities, no network, bounded."""

from typing import Any

from lxml import etree

from qianshou.kernel.refusal import Refusal

LARGEST, DEEPEST, MOST_ELEMENTS = 5_000_000, 60, 50_000


def read_xml(raw: bytes, source: str, code: str) -> etree._Element:
    """Return the root element of `raw`.

    Refuses, with `code` and ".xml", what is too large or deep, is not XML, or declares a
    document type (and so could define entities).
    """

    def refused(zh: str, en: str) -> Refusal:
        return Refusal(f"{code}.xml", f"{source}：{zh}", f"{source}: {en}", source)

    if len(raw) > LARGEST:
        raise refused("文件超过 5 MB", "the file is larger than 5 MB")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False,
        huge_tree=False, remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(raw, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        raise refused(f"不是完好的 XML：{error}", f"not well-formed XML: {error}") from None
    document: Any = root.getroottree().docinfo
    if document.doctype:
        raise refused("不接受带 DOCTYPE 的文件", "a document type is not accepted")
    depth, count = 0, 0
    for step, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if step == "start" else -1
        count += step == "start"
        if depth > DEEPEST or count > MOST_ELEMENTS:
            raise refused("元素太多或嵌套太深", "too many elements, or nested too deeply")
    return root


def local(element: etree._Element) -> str:
    """Return an element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def line(element: etree._Element) -> int:
    """Return the line on which an element begins."""
    place: Any = element.sourceline
    return place or 0
