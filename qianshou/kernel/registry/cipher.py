"""Envelope encryption of the vault: a key a person, wrapped by the house's master key.

AES-256-GCM (FIPS 197, SP 800-38D), or SM4-GCM (GB/T 32907) where QIANSHOU_CIPHER says so. Each
record begins with the name of its algorithm, so that both stand in one database and open; each
wrapped key names the master key that opens it. Lookups go through keyed digests.
"""

import hashlib
import hmac
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES, SM4
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from qianshou.kernel.refusal import Refusal

ALGORITHMS = {b"SM4G": (SM4, 16), b"AESG": (AES, 32)}
NAMES = {"aes": b"AESG", "sm4": b"SM4G"}
NONCE, TAG, KEY = 12, 16, 32
WRAPPED, ID = b"KEY1", 8


@lru_cache(maxsize=16)
def derive_key(secret: str) -> bytes:
    """Return the 32-byte master key that a secret text stands for (HKDF-SHA256, RFC 5869)."""
    return HKDF(SHA256(), KEY, None, b"qianshou vault").derive(secret.encode())


def new_key() -> bytes:
    """Return a new random 32-byte key of a person."""
    return os.urandom(KEY)


def encrypt(plain: bytes, key: bytes, name: bytes | None = None) -> bytes:
    """Return `plain` sealed: algorithm (of the setting, or `name`), nonce, tag, text."""
    name = name or NAMES[settings.CIPHER]
    algorithm, size = ALGORITHMS[name]
    nonce = os.urandom(NONCE)
    encryptor = Cipher(algorithm(key[:size]), modes.GCM(nonce)).encryptor()
    encryptor.authenticate_additional_data(name)
    text = encryptor.update(plain) + encryptor.finalize()
    return name + nonce + encryptor.tag + text


def decrypt(sealed: bytes, key: bytes) -> bytes:
    """Return what was sealed; Refusal vault.tampered where a byte or the key is not right."""
    name, body = sealed[:4], sealed[4:]
    if name in ALGORITHMS and len(body) >= NONCE + TAG:
        algorithm, size = ALGORITHMS[name]
        nonce, tag = body[:NONCE], body[NONCE : NONCE + TAG]
        decryptor = Cipher(algorithm(key[:size]), modes.GCM(nonce, tag)).decryptor()
        decryptor.authenticate_additional_data(name)
        try:
            return decryptor.update(body[NONCE + TAG :]) + decryptor.finalize()
        except InvalidTag:
            pass
    raise tampered()


def tampered() -> Refusal:
    """Return the answer for what was sealed otherwise than it should have been."""
    return Refusal(
        "vault.tampered",
        "保险库里的记录被改动，或密钥不对",
        "The vault's record was altered, or the key is not the right one",
    )


def seal_fields(fields: Mapping[str, str], key: bytes) -> bytes:
    """Return a person's fields sealed under the person's key."""
    return encrypt(json.dumps(dict(fields), ensure_ascii=False, sort_keys=True).encode(), key)


def open_fields(sealed: bytes, key: bytes) -> dict[str, str]:
    """Return a person's fields in clear; Refusal vault.tampered."""
    fields: dict[str, str] = json.loads(decrypt(sealed, key))
    return fields


@lru_cache(maxsize=16)
def id_of(master: bytes) -> bytes:
    """Return the eight bytes by which a wrapped key names its master key; they tell nothing of it."""
    return hashlib.sha256(b"qianshou key id" + master).digest()[:ID]


def wrap_key(key: bytes, master: bytes) -> bytes:
    """Return a key sealed under the master key, with the master key's id."""
    return WRAPPED + id_of(master) + encrypt(key, master)


def wrapper_of(wrapped: bytes) -> bytes:
    """Return the id of the master key that opens a wrapped key; empty for one of before ids."""
    return wrapped[len(WRAPPED) :][:ID] if wrapped.startswith(WRAPPED) else b""


def unwrap_key(wrapped: bytes, masters: Sequence[bytes]) -> bytes:
    """Return a key, opened by whichever of `masters` it names; one of before ids by any of them.

    Refuses vault.tampered, and vault.no_key where its master key is not among them.
    """
    named = wrapper_of(wrapped)
    if not named:
        for older in masters[1:]:
            with suppress(Refusal):
                return decrypt(wrapped, older)
        return decrypt(wrapped, masters[0])
    for master in masters:
        if id_of(master) == named:
            return decrypt(wrapped[len(WRAPPED) + ID :], master)
    raise Refusal(
        "vault.no_key",
        f"保险库的主密钥 {named.hex()} 不在：请把它放回 QIANSHOU_VAULT_KEY_OLD",
        f"The vault's master key {named.hex()} is missing: put it back as QIANSHOU_VAULT_KEY_OLD",
    )


def keyed_digest(text: str, key: bytes, algorithm: str = "sha256") -> str:
    """Return the HMAC of `text` by the named hash, by which it is looked up unseen."""
    return hmac.new(key, text.encode(), algorithm).hexdigest()
