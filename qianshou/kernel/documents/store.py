"""Files taken in: recognised by their first bytes and their name, looked through, cleaned, kept.

A file is named by the digest of its bytes. Images are drawn anew without what cameras write beside
the picture (place, time, owner). What is about a person is sealed under the person's key before it
touches the disk.
"""

import hashlib
import os
import warnings
import zipfile
from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import IO

from django.conf import settings
from PIL import Image, ImageOps, UnidentifiedImageError

from qianshou.kernel.documents.clamav import ask_scanner
from qianshou.kernel.documents.models import Document
from qianshou.kernel.documents.ooxml import broken, check_office, macro
from qianshou.kernel.documents.pdf import check_pdf
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry import cipher
from qianshou.kernel.registry.vault import key_of

LARGEST = 12 * 1024 * 1024
MOST_PIXELS = 40_000_000
LONGEST_SIDE = 2560
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SUFFIXES = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "application/pdf": ".pdf",
    DOCX: ".docx",
    XLSX: ".xlsx",
}
OLE, VBA = b"\xd0\xcf\x11\xe0", "_VBA_PROJECT".encode("utf-16-le")
PHOTOS = (".jpg", ".jpeg", ".jfif", ".png", ".webp")  # any for any: each is drawn anew


def keep_file(stream: IO[bytes], *, at: datetime, images_only: bool = False) -> Document:
    """Take in a file and return its document; the same bytes are kept once.

    Refuses document.large (over 12 MB or 40 million pixels), document.kind (none of JPEG,
    PNG, WebP, PDF, DOCX, XLSX; or no image where only images are wanted), document.extension (its
    name says another kind), document.broken (does not open), and what `check_office`,
    `check_pdf` and `ask_scanner` refuse.
    """
    return _store(*_cleaned(stream, images_only), at)


def keep_sealed_file(
    stream: IO[bytes], *, person: int, at: datetime, images_only: bool = False
) -> Document:
    """Take in a file about a person: cleaned, then sealed, and only then written.

    Its digest is that of the sealed bytes. Refuses what `keep_file` refuses, and vault.erased.
    """
    clean, media_type = _cleaned(stream, images_only)
    return _store(cipher.encrypt(clean, key_of(person)), media_type, at, person)


def keep_file_about(
    person: int | None, stream: IO[bytes], *, at: datetime, images_only: bool = False
) -> Document:
    """Take in a file for a matter: sealed where that is about a person, else in clear."""
    if person is None:
        return keep_file(stream, at=at, images_only=images_only)
    return keep_sealed_file(stream, person=person, at=at, images_only=images_only)


def look_through(stream: IO[bytes]) -> None:
    """Let an upload pass that is read and not kept, such as a sheet of rows, whole and from its
    beginning. Refuses what `check_office`, `check_pdf` and `ask_scanner` refuse, and old Excel files
    with macros (document.macro).
    """
    stream.seek(0)
    raw = stream.read(LARGEST + 1)
    try:
        ask_scanner(raw)
        recognised = recognise(raw)
        if recognised == "application/pdf":
            check_pdf(raw)
        elif recognised in (DOCX, XLSX):
            check_office(raw)
        elif raw.startswith(OLE) and VBA in raw:
            raise macro()
    except Refusal as refusal:  # the page knows which of its fields this was
        raise Refusal(refusal.code, refusal.zh, refusal.en) from None


def read_document(document: Document) -> bytes:
    """Return a stored file in clear.

    Refuses document.none where its bytes are gone, and vault.erased or vault.tampered where the
    person's key does not open it.
    """
    path = path_of(document.digest)
    if not path.is_file():
        raise _none()
    stored = path.read_bytes()
    if document.person_id is None:
        return stored
    return cipher.decrypt(stored, key_of(document.person_id))


def _cleaned(stream: IO[bytes], images_only: bool) -> tuple[bytes, str]:
    raw = stream.read(LARGEST + 1)
    if len(raw) > LARGEST:
        raise _large()
    if not raw:
        raise broken()
    recognised = recognise(raw)
    if recognised is None or (images_only and not recognised.startswith("image/")):
        raise _unknown(images_only)
    _check_name(getattr(stream, "name", None), recognised)
    ask_scanner(raw)
    return CLEANERS[recognised](raw)


def _check_name(name: object, recognised: str) -> None:
    """Refuse document.extension where an upload's name says another kind than its bytes."""
    if not isinstance(name, str):  # bytes of our own have none
        return
    allowed = PHOTOS if recognised.startswith("image/") else (SUFFIXES[recognised],)
    if not name.lower().endswith(allowed):
        zh, en = "、".join(allowed), ", ".join(allowed)
        raise Refusal(
            "document.extension",
            f"文件名的后缀与内容不符，应为 {zh}",
            f"The file's name does not end as its content demands: {en}",
            "document",
        )


def _store(content: bytes, media_type: str, at: datetime, person: int | None = None) -> Document:
    digest = hashlib.sha256(content).hexdigest()
    path = path_of(digest)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{digest}.{os.getpid()}")
        part.write_bytes(content)
        part.replace(path)
    document, _ = Document.objects.get_or_create(
        digest=digest,
        defaults={
            "media_type": media_type,
            "size": len(content),
            "stored_at": at,
            "person_id": person,
        },
    )
    return document


def path_of(digest: str) -> Path:
    """Return where the bytes of a digest lie; Refusal document.none for what is no digest."""
    if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
        raise _none()
    return Path(settings.DOCUMENTS_ROOT) / digest[:2] / digest


def recognise(raw: bytes) -> str | None:
    """Return the media type that the first bytes tell, or None for one that we do not take."""
    if raw.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if raw.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if raw[:4] == b"RIFF" and raw[8:12] == b"WEBP":
        return "image/webp"
    if raw.startswith(b"%PDF-"):
        return "application/pdf"
    if raw.startswith(b"PK\x03\x04"):
        return _recognise_office(raw)
    return None


def _recognise_office(raw: bytes) -> str | None:
    try:
        with zipfile.ZipFile(BytesIO(raw)) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return None
    if "[Content_Types].xml" not in names:
        return None
    return DOCX if "word/document.xml" in names else XLSX if "xl/workbook.xml" in names else None


def _clean_image(raw: bytes) -> tuple[bytes, str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(BytesIO(raw), formats=("JPEG", "PNG", "WEBP")) as image:
                if image.width * image.height > MOST_PIXELS:
                    raise _large()
                image.load()
                turned = ImageOps.exif_transpose(image)
                transparent = turned.mode in ("RGBA", "LA", "PA") or "transparency" in turned.info
                drawn = turned.convert("RGBA" if transparent else "RGB")
    except Refusal:
        raise
    except (
        Image.DecompressionBombError, UnidentifiedImageError, OSError, ValueError, SyntaxError,
        EOFError, IndexError, MemoryError,
    ):  # fmt: skip
        raise broken() from None
    drawn.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    bare = Image.new(drawn.mode, drawn.size)
    bare.paste(drawn)
    out = BytesIO()
    if transparent:
        bare.save(out, "PNG", optimize=True)
        return out.getvalue(), "image/png"
    bare.save(out, "JPEG", quality=85, optimize=True)
    return out.getvalue(), "image/jpeg"


def _clean_office(media_type: str) -> Callable[[bytes], tuple[bytes, str]]:
    def clean(raw: bytes) -> tuple[bytes, str]:
        check_office(raw)
        return raw, media_type

    return clean


def _clean_pdf(raw: bytes) -> tuple[bytes, str]:
    check_pdf(raw)
    return raw, "application/pdf"


CLEANERS: dict[str, Callable[[bytes], tuple[bytes, str]]] = {
    "image/jpeg": _clean_image,
    "image/png": _clean_image,
    "image/webp": _clean_image,
    "application/pdf": _clean_pdf,
    DOCX: _clean_office(DOCX),
    XLSX: _clean_office(XLSX),
}


def _none() -> Refusal:
    return Refusal("document.none", "没有这个文件", "There is no such file", "document")


def _large() -> Refusal:
    return Refusal(
        "document.large",
        "文件太大：不超过 12 MB、4000 万像素",
        "The file is too large: at most 12 MB and 40 million pixels",
        "document",
    )


def _unknown(images_only: bool) -> Refusal:
    if images_only:
        return Refusal(
            "document.kind",
            "只能上传 JPG、PNG、WebP 照片",
            "Only JPEG, PNG and WebP photos can be uploaded",
            "document",
        )
    return Refusal(
        "document.kind",
        "只能上传照片（JPG、PNG、WebP）、PDF、Word（docx）和 Excel（xlsx）文件",
        "Only photos (JPEG, PNG, WebP), PDF, Word (docx) and Excel (xlsx) files can be uploaded",
        "document",
    )
