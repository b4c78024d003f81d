"""PDF files taken in: those that run something, or carry other files, are refused.

Names are looked for in the whole file and in its object streams, with their escapes (#4A for J)
undone (ISO 32000-1, 7.3.5 and 7.5.7). A stream belongs to the dictionary before it, which is read
from its object's beginning as a reader does (7.3.8); whatever cannot be read so is refused, and so
is an object stream that is packed in any other way than the usual one. A file that is encrypted
cannot be looked into.
"""

import re
import zipfile
import zlib
from io import BytesIO

from qianshou.kernel.documents.ooxml import broken, mixed
from qianshou.kernel.refusal import Refusal

NAME = re.compile(rb"/([^\x00\s()<>\[\]{}/%]{2,60})")
ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
MOST_OBJECTS = 50 * 1024 * 1024
CHUNK = 1 << 16
BLANK = rb"[\0\t\n\f\r ]"
REGULAR = rb"[^\0\t\n\f\r ()<>\[\]{}/%]"
BLANKS = re.compile(rb"(?:" + BLANK + rb"|%[^\r\n]*)*")
OBJECT = re.compile(rb"\d" + BLANK + rb"+\d+" + BLANK + rb"+obj")
STREAM = re.compile(rb"(?<!end)stream")
BEFORE = 256  # how far back it is told whether a stream begins here
WORDS = REGULAR + rb"+(?:" + BLANK + rb"+" + REGULAR + rb"+)*"
TOKEN = re.compile(
    rb"<<|>>|[\[\](]|<(?:[0-9A-Fa-f]|" + BLANK + rb")*>|/" + REGULAR + rb"*|" + WORDS
)
DEEPEST = 100
PAREN = re.compile(rb"\\.|[()]", re.DOTALL)
CLOSING = {b"<<": b">>", b"[": b"]"}
FLATE = ([[b"/FlateDecode"]], [[b"[", b"/FlateDecode", b"]"]])
UNUSUAL = {b"DecodeParms", b"DP", b"F", b"FFilter"}
RUNS = {
    b"JavaScript", b"Launch", b"Rendition", b"RichMedia", b"XFA", b"SubmitForm", b"ImportData",
    b"GoToR",
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
    """Return the names in every object stream; refuses what cannot be read as its dictionary says.

    Whoever reads a file need not ask for /Type /ObjStm: whatever has a /First may be one.
    """
    found: set[bytes] = set()
    left, end = MOST_OBJECTS, 0
    owned = set()
    for header in OBJECT.finditer(raw):
        if header.start() < end:  # an object within another's dictionary, or in a comment
            raise broken()
        end = _after_blanks(raw, header.end())
        if not raw.startswith(b"<<", end):
            continue
        entries, end = _read_dictionary(raw, end)
        end = place = _after_blanks(raw, end)
        if not raw.startswith(b"stream", place):
            continue
        owned.add(place)
        if _is_packed(entries):
            objects = _unpack(raw, place + len(b"stream"), left)
            left -= len(objects)
            found |= _names(objects)
    for stream in STREAM.finditer(raw):
        if stream.start() not in owned and _may_begin(raw, stream.start()):
            raise broken()
    return found


def _may_begin(raw: bytes, place: int) -> bool:
    """Whether a reader may take the word `stream` for the beginning of one: behind a dictionary,
    blanks and comments between. Where that lies too far back, it may.
    """
    window = raw[max(place - BEFORE, 0) : place]
    head = window.rstrip(b"\0\t\n\f\r ")
    if not head or head.endswith(b">>"):
        return True
    line = re.split(rb"[\r\n]", head)[-1]
    if not set(b"\r\n") & set(window[len(head) :]):
        return False
    return b"%" in line or line == head


def _is_packed(entries: list[tuple[bytes, list[bytes]]]) -> bool:
    """Whether this is the dictionary of an object stream; refuses one packed in an unusual way."""
    keys = {key for key, _value in entries}
    if b"First" not in keys and not any(
        key == b"Type" and b"/ObjStm" in map(_undone, value) for key, value in entries
    ):
        return False
    if keys & UNUSUAL or [value for key, value in entries if key == b"Filter"] not in FLATE:
        raise broken()
    return True


def _after_blanks(raw: bytes, place: int) -> int:
    passed = BLANKS.match(raw, place)
    return passed.end() if passed else place


def _read_dictionary(raw: bytes, place: int) -> tuple[list[tuple[bytes, list[bytes]]], int]:
    """Return each key of a dictionary with the tokens of its value, and where it ends."""
    entries: list[tuple[bytes, list[bytes]]] = []
    opened: list[bytes] = []
    while True:
        token = TOKEN.match(raw, _after_blanks(raw, place))
        if token is None or len(opened) > DEEPEST:
            raise broken()
        text, place = token[0], token.end()
        if text == b"(":
            place = _end_of_string(raw, place)
        elif text in CLOSING:
            opened.append(CLOSING[text])
        elif text in (b">>", b"]") and text != opened.pop():
            raise broken()
        if not opened:
            return entries, place
        if len(opened) == 1 and text.startswith(b"/") and (not entries or entries[-1][1]):
            entries.append((_undone(text[1:]), []))
        elif entries:
            entries[-1][1].append(text)


def _end_of_string(raw: bytes, place: int) -> int:
    depth = 1
    for found in PAREN.finditer(raw, place):
        depth += {b"(": 1, b")": -1}.get(found[0], 0)
        if depth == 0:
            return found.end()
    raise broken()


def _unpack(raw: bytes, place: int, most: int) -> bytes:
    """Return what the stream that begins at `place` unpacks to, refused from `most` bytes on."""
    place += 2 if raw.startswith(b"\r\n", place) else 1
    unpacker, objects = zlib.decompressobj(), b""
    try:
        while place < len(raw) and not unpacker.eof:
            objects += unpacker.decompress(raw[place : place + CHUNK], most - len(objects))
            place += CHUNK
            if unpacker.unconsumed_tail or len(objects) >= most:
                raise broken()
    except zlib.error:
        raise broken() from None
    return objects
