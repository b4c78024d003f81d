"""Files taken in: recognised by what they are, cleaned, and hostile ones refused."""

import hashlib
import io
import struct
import zipfile
import zlib
from datetime import datetime

import pytest
from PIL import Image

from qianshou.kernel.access import CLOCK
from qianshou.kernel.documents.models import Document
from qianshou.kernel.documents.store import (
    LARGEST,
    keep_file,
    keep_file_about,
    keep_sealed_file,
    path_of,
    read_document,
)
from qianshou.kernel.door.sealing import erase_person, register_person
from qianshou.kernel.refusal import Refusal


def image(kind: str, size: tuple[int, int] = (60, 40)) -> bytes:
    kept = io.BytesIO()
    Image.new("RGB", size, "teal").save(kept, kind)
    return kept.getvalue()


def claimed_png(width: int, height: int) -> bytes:
    """Return a tiny PNG that says it is enormous."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)

    def chunk(name: bytes, body: bytes) -> bytes:
        checked = zlib.crc32(name + body)
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", checked)

    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 9)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def archive(names: dict[str, bytes]) -> bytes:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in names.items():
            made.writestr(name, content)
    return kept.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_an_image_is_drawn_anew_and_kept_once(db: None, at: datetime, kind: str) -> None:
    raw = image(kind)
    first = keep_file(io.BytesIO(raw), at=at, images_only=True)
    second = keep_file(io.BytesIO(raw), at=at, images_only=True)
    assert first.digest == second.digest
    assert Document.objects.count() == 1
    assert path_of(first.digest).is_file()
    assert first.media_type in ("image/jpeg", "image/png")


def test_a_hidden_program_behind_a_picture_is_gone(db: None, at: datetime) -> None:
    raw = image("JPEG") + b"<?php system($_GET[0]); ?>"
    kept = keep_file(io.BytesIO(raw), at=at)
    assert b"php" not in path_of(kept.digest).read_bytes()


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "document.broken"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "document.kind"),
        (b"<html><script>alert(1)</script>", "document.kind"),
        (b"MZ\x90\x00" * 20, "document.kind"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 50, "document.broken"),
        (claimed_png(9000, 9000), "document.large"),
        (archive({"evil.txt": b"x"}), "document.kind"),
        (b"\0" * (LARGEST + 1), "document.large"),
    ],
)
def test_what_is_no_file_of_ours_is_refused(db: None, at: datetime, raw: bytes, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        keep_file(io.BytesIO(raw), at=at)
    assert refused.value.code == code
    assert Document.objects.count() == 0


def test_a_hundred_megabytes_are_not_read(db: None, at: datetime) -> None:
    class Endless(io.RawIOBase):
        taken = 0

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
            self.taken += len(buffer)
            return len(buffer)

    stream = Endless()
    with pytest.raises(Refusal):
        keep_file(io.BufferedReader(stream), at=at)  # type: ignore[type-var]
    assert stream.taken < 2 * LARGEST


def test_an_archive_that_swells_is_refused(db: None, at: datetime) -> None:
    parts = {"[Content_Types].xml": b"<Types/>", "word/document.xml": b"0" * 3 * 1024 * 1024}
    with pytest.raises(Refusal) as refused:
        keep_file(io.BytesIO(archive(parts)), at=at)
    assert refused.value.code == "document.bomb"


def test_a_file_about_a_person_is_sealed_before_it_is_written(db: None, at: datetime) -> None:
    child = register_person({}, by=CLOCK, at=at)
    clean = read_document(keep_file(io.BytesIO(image("PNG")), at=at))
    kept = keep_sealed_file(io.BytesIO(image("PNG")), person=child.pk, at=at)
    stored = path_of(kept.digest).read_bytes()
    assert hashlib.sha256(stored).hexdigest() == kept.digest
    assert kept.size == len(stored)
    assert (kept.person_id, kept.media_type) == (child.pk, "image/jpeg")
    assert clean not in stored
    assert not stored.startswith(b"\xff\xd8")
    assert read_document(kept) == clean


def test_the_same_file_about_two_persons_is_kept_twice(db: None, at: datetime) -> None:
    raw = image("JPEG")
    first, second = (
        keep_file_about(register_person({}, by=CLOCK, at=at).pk, io.BytesIO(raw), at=at)
        for _ in range(2)
    )
    assert first.digest != second.digest
    assert read_document(first) == read_document(second)
    assert keep_file_about(None, io.BytesIO(raw), at=at).person_id is None


def test_nobody_reads_a_file_about_a_person_erased(db: None, at: datetime) -> None:
    child = register_person({}, by=CLOCK, at=at)
    kept = keep_sealed_file(io.BytesIO(image("JPEG")), person=child.pk, at=at)
    erase_person(child.pk, by=CLOCK, at=at, reason="期满")
    for attempt in (
        lambda: read_document(kept),
        lambda: keep_sealed_file(io.BytesIO(image("JPEG")), person=child.pk, at=at),
    ):
        with pytest.raises(Refusal) as refused:
            attempt()
        assert refused.value.code == "vault.erased"


def test_a_file_about_a_person_is_refused_like_any_other(db: None, at: datetime) -> None:
    child = register_person({}, by=CLOCK, at=at)
    with pytest.raises(Refusal) as refused:
        keep_sealed_file(io.BytesIO(b"%PDF-1.7"), person=child.pk, at=at, images_only=True)
    assert refused.value.code == "document.kind"


def test_bytes_that_are_gone_are_refused(db: None, at: datetime) -> None:
    kept = keep_file(io.BytesIO(image("PNG", (9, 9))), at=at)
    path_of(kept.digest).unlink()
    with pytest.raises(Refusal) as refused:
        read_document(kept)
    assert refused.value.code == "document.none"
