"""Codes of a second factor: six digits by the clock (TOTP, RFC 6238) and recovery codes.

Plain values in and out: nothing here reads the clock or the database.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Sequence
from datetime import datetime

import pyotp

from qianshou.kernel.registry import cipher

PERIOD = 30  # seconds a code, RFC 6238 §4.1
DRIFT = 1  # codes before and after the present one that still count, RFC 6238 §5.2
DIGITS = 6
RECOVERY_CODES = 10
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
GROUPS = 6  # of four signs: 118 bits, so that a plain hash is enough (ASVS 5.0 V6.5.2)


def new_secret() -> str:
    """Return a new secret of 160 bits in base 32, as RFC 4226 §4 recommends."""
    return pyotp.random_base32(32)


def step_of(at: datetime) -> int:
    """Return the number of the thirty seconds in which `at` lies."""
    return int(at.timestamp()) // PERIOD


def code_at(secret: str, step: int) -> str:
    """Return the code of a step."""
    return pyotp.TOTP(secret, digits=DIGITS, interval=PERIOD).at(step * PERIOD)


def matching_step(secret: str, code: str, at: datetime, after: int) -> int | None:
    """Return the step whose code `code` is, or None.

    Steps up to `after` are used up: each code counts once (RFC 6238 §5.2).
    """
    present = step_of(at)
    for step in range(present - DRIFT, present + DRIFT + 1):
        if step > after and hmac.compare_digest(code_at(secret, step).encode(), code.encode()):
            return step
    return None


def app_address(secret: str, username: str, issuer: str) -> str:
    """Return the otpauth:// address that an authenticator reads from a QR code."""
    made = pyotp.TOTP(secret, digits=DIGITS, interval=PERIOD, name=username, issuer=issuer)
    return made.provisioning_uri()


def new_recovery_codes() -> list[str]:
    """Return ten codes of six easily read groups, each good for one log-in."""
    return [
        "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(GROUPS))
        for _ in range(RECOVERY_CODES)
    ]


def recovery_digest(code: str) -> str:
    """Return what is kept of a recovery code; how it was spaced or written does not matter."""
    signs = "".join(sign for sign in code.lower() if sign.isalnum())
    return hashlib.sha256(signs.encode()).hexdigest()


def seal_secret(secret: str, officer: int, master: bytes) -> bytes:
    """Return an officer's secret sealed under a master key; it opens for no other officer."""
    return cipher.wrap_key(json.dumps([officer, secret]).encode(), master)


def open_secret(sealed: bytes, officer: int, masters: Sequence[bytes]) -> str:
    """Return an officer's secret; Refusal vault.tampered where it is another's or was altered."""
    owner, secret = json.loads(cipher.unwrap_key(sealed, masters))
    if owner != officer:
        raise cipher.tampered()
    return str(secret)
