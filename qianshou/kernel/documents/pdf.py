"""PDF files taken in: those that run something, or carry other files, are refused.

Names are looked for in the whole file and in its object streams, with their escapes (#4A for J)
undone (ISO 32000-1, 7.3.5 and 7.5.7). A file that is encrypted cannot be looked into.
"""

import re
import zipfile
import zlib
from io import BytesIO

from qianshou.kernel.documents.ooxml import broken, mixed
from qianshou.kernel.refusal import Refusal

NAME = re.compile(rb"/([^\x00\s()<>\[\]{}/%]{2,60})")
ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
STREAM = re.compile(rb"(?<!end)stream\r?\n")
MOST_OBJECTS = 50 * 1024 * 1024
BEFORE = 4096  # where the dictionary of a stream lies
RUNS = {
    b"JavaScript", b"Launch", b"Rendition", b"RichMedia", b"XFA", b"SubmitForm", b"ImportData",
}  # fmt: skip
CARRIES = {b"EmbeddedFile", b"EmbeddedFiles", b"GoToE"}
WEB = re.compile(rb"<(?:html|script|svg|!doctype)\b", re.IGNORECASE)
ENDS = b"%%EOF"


def check_pdf(raw: bytes) -> None:
    """Let a PDF pass that is only read.

    Refuses document.script, document.attached, document.encrypted, document.mixed and
    document.broken.
    """
    if ENDS not in raw[-1024:]:
        raise broken()
    if zipfile.is_zipfile(BytesIO(raw)) or WEB.search(raw[:1024]):
        raise mixed()
    names = _names(raw)
    if b"Encrypt" in names:
        raise Refusal(
            "document.encrypted",
            "PDF 加了密，无法检查；请解除密码后再上传",
            "The PDF is encrypted and cannot be checked; remove the password and upload it again",
            "document",
        )
    if b"ObjStm" in names:
        names |= _names_packed(raw)
    if names & RUNS:
        raise Refusal(
            "document.script",
            "PDF 里有脚本或会启动程序的动作；请打印成新的 PDF 后再上传",
            "The PDF holds scripts or actions that start something; print it to a new PDF and "
            "upload that",
            "document",
        )
    if names & CARRIES:
        raise Refusal(
            "document.attached",
            "PDF 里附有别的文件；请去掉附件后再上传",
            "Other files are attached to the PDF; take them out and upload it again",
            "document",
        )


def _names(part: bytes) -> set[bytes]:
    return {_undone(name) for name in set(NAME.findall(part))}


def _undone(name: bytes) -> bytes:
    return ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), name) if b"#" in name else name


def _names_packed(raw: bytes) -> set[bytes]:
    """Return the names in every object stream; one that cannot be unpacked is refused."""
    found: set[bytes] = set()
    left = MOST_OBJECTS
    unread = sum(_undone(name) == b"ObjStm" for name in NAME.findall(raw))
    for begins in STREAM.finditer(raw):
        head = raw[max(begins.start() - BEFORE, 0) : begins.start()]
        if b"ObjStm" not in _names(head[head.rfind(b"obj") :]):
            continue
        unpacker = zlib.decompressobj()
        try:
            objects = unpacker.decompress(raw[begins.end() :], left)
        except zlib.error:
            raise broken() from None
        left -= len(objects)
        unread -= 1
        if left <= 0:
            raise broken()
        found |= _names(objects)
    if unread > 0:  # one that does not lie where it says
        raise broken()
    return found
