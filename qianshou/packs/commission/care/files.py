"""Files about one child: cleaned, sealed under her own key, gone when the key is destroyed."""

import hashlib
import os
from datetime import datetime

from qianshou.kernel.documents.models import Document
from qianshou.kernel.documents.store import CLEANERS, LARGEST, path_of, recognise
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry import cipher
from qianshou.kernel.registry.vault import key_of


def clean_image(raw: bytes) -> bytes:
    """Return a photo or drawing redrawn without what cameras write beside it.

    Refuses what is too large (document.large) and what is no image (document.kind).
    """
    if len(raw) > LARGEST:
        raise Refusal("document.large", "文件不超过 12 MB", "At most 12 MB", "document")
    kind = recognise(raw) if raw else None
    if kind is None or not kind.startswith("image/"):
        raise Refusal(
            "document.kind",
            "只能上传 JPG、PNG、WebP 照片",
            "Only JPEG, PNG and WebP photos can be uploaded",
            "document",
        )
    return CLEANERS[kind](raw)[0]


def keep_sealed(content: bytes, media_type: str, person: int, *, at: datetime) -> Document:
    """Seal bytes under a person's key and keep them; Refusal vault.erased."""
    sealed = cipher.encrypt(content, key_of(person))
    digest = hashlib.sha256(sealed).hexdigest()
    path = path_of(digest)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{digest}.{os.getpid()}")
    part.write_bytes(sealed)
    part.replace(path)
    return Document.objects.create(
        digest=digest, media_type=media_type, size=len(sealed), stored_at=at
    )


def read_sealed(document: Document, person: int) -> bytes:
    """Return what was sealed; Refusal vault.erased, vault.tampered. The caller writes it down."""
    return cipher.decrypt(path_of(document.digest).read_bytes(), key_of(person))
