"""Proof of a home verification: photographs and files sealed like the mismatch they prove."""

import io
from datetime import datetime
from typing import Any

from PIL import Image, ImageOps, UnidentifiedImageError

from qianshou.kernel.access import Actor
from qianshou.kernel.documents.store import LARGEST, MOST_PIXELS, look_through, recognise
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry import cipher
from qianshou.kernel.registry.models import Officer
from qianshou.packs.commission.care.models import Mismatch, Proof
from qianshou.packs.commission.care.rounds.values import keys_of_mismatch

LONGEST_SIDE = 1600
MOST = 6


def keep_evidence(row: Mismatch, file: Any, *, by: Actor, at: datetime) -> Proof:
    """Keep a photograph (drawn anew, without place and owner) or a PDF, sealed.

    Refuses care.evidence for what is neither or too large, and care.evidence_many for a seventh.
    """
    if Proof.objects.filter(mismatch=row).count() >= MOST:
        raise Refusal(
            "care.evidence_many",
            f"最多 {MOST} 份佐证",
            f"{MOST} pieces of evidence at most",
            "file",
        )
    raw = file.read(LARGEST + 1)
    kind = recognise(raw) if raw and len(raw) <= LARGEST else None
    if kind is not None:
        look_through(file)
    if kind is not None and kind.startswith("image/"):
        raw, kind = _redraw(raw), "image/jpeg"
    elif kind != "application/pdf":
        raise _unfit()
    left, _right = keys_of_mismatch(row)
    values = {
        "mismatch": row,
        "media_type": kind,
        "sealed": cipher.encrypt(raw, left),
        "officer": Officer(pk=by.officer),
        "at": at,
    }
    return change_row(Proof(), values, by=by, at=at)


def _redraw(raw: bytes) -> bytes:
    try:
        with Image.open(io.BytesIO(raw), formats=("JPEG", "PNG", "WEBP")) as image:
            if image.width * image.height > MOST_PIXELS:
                raise _unfit()
            drawn = ImageOps.exif_transpose(image).convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise _unfit() from None
    drawn.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    bare = Image.new("RGB", drawn.size)
    bare.paste(drawn)
    out = io.BytesIO()
    bare.save(out, "JPEG", quality=82, optimize=True)
    return out.getvalue()


def _unfit() -> Refusal:
    return Refusal(
        "care.evidence",
        "佐证只能是 JPG、PNG、WebP 照片或 PDF，不超过 12 MB",
        "Proof is a JPEG, PNG or WebP photo or a PDF, of 12 MB at most",
        "file",
    )


def open_evidence(row: Mismatch, kept: Proof) -> bytes:
    """Return a piece of evidence in clear; Refusal care.list_erased where its key is gone."""
    left, _right = keys_of_mismatch(row)
    return cipher.decrypt(bytes(kept.sealed), left)
