"""Envelope encryption of the vault: a key a person, wrapped by the house's master key.

SM4-GCM (GB/T 32907) where the library has it, else AES-256-GCM; each record begins with the
name of its algorithm, so that both open anywhere. Lookups go through keyed digests.
"""

import hashlib
import hmac
import json
import os
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES, SM4
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from qianshou.kernel.refusal import Refusal

ALGORITHMS = {b"SM4G": (SM4, 16), b"AESG": (AES, 32)}
NONCE, TAG, KEY = 12, 16, 32


def preferred() -> bytes:
    """Return the name of the algorithm that new records use here."""
    try:
        Cipher(SM4(bytes(16)), modes.GCM(bytes(NONCE))).encryptor()
    except UnsupportedAlgorithm:
        return b"AESG"
    return b"SM4G"


def derive_key(secret: str) -> bytes:
    """Return the 32-byte master key that a secret text stands for (HKDF-SHA256, RFC 5869)."""
    return HKDF(SHA256(), KEY, None, b"qianshou vault").derive(secret.encode())


def new_key() -> bytes:
    """Return a new random 32-byte key of a person."""
    return os.urandom(KEY)


def encrypt(plain: bytes, key: bytes, name: bytes | None = None) -> bytes:
    """Return `plain` sealed: algorithm, nonce, tag, text."""
    name = name or preferred()
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


def wrap_key(key: bytes, master: bytes) -> bytes:
    """Return a person's key sealed under the master key."""
    return encrypt(key, master)


def unwrap_key(wrapped: bytes, master: bytes) -> bytes:
    """Return a person's key; Refusal vault.tampered."""
    return decrypt(wrapped, master)


def keyed_digest(text: str, key: bytes) -> str:
    """Return the HMAC (SM3, else SHA-256) of `text`, by which it is looked up unseen."""
    name = "sm3" if "sm3" in hashlib.algorithms_available else "sha256"
    return hmac.new(key, text.encode(), name).hexdigest()
