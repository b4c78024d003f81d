"""The chain as plain functions: canonical bytes, hashes, Merkle roots.

SHA-256 (FIPS 180-4), or SM3 (GB/T 32905-2016) where QIANSHOU_HASH says so. Each entry and seal
names its algorithm, so that both kinds stand in one ledger and verify.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.conf import settings

ALGORITHMS = ("sha256", "sm3")
_encode = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False
).encode


def canonical(body: Mapping[str, Any]) -> str:
    """Return `body` as canonical JSON: sorted keys, no spaces, UTF-8 text."""
    return _encode(body)


def begin(algorithm: str = "") -> "hashlib._Hash":
    """Return a new hash of the algorithm, or of the one in settings; ValueError for any other."""
    name = algorithm or settings.HASH
    if name not in ALGORITHMS:
        raise ValueError(f"the ledger knows no hash {name!r}")
    return hashlib.new(name)


def digest(text: str, algorithm: str = "") -> str:
    """Return the hexadecimal hash of `text` in UTF-8, by the setting's algorithm or the one named."""
    hashed = begin(algorithm)
    hashed.update(text.encode())
    return hashed.hexdigest()


def digest_of_bytes(content: bytes, algorithm: str = "") -> str:
    """Return what an entry writes down of bytes that it must not tell: "sha256:…", "sm3:…"."""
    hashed = begin(algorithm)
    hashed.update(content)
    return f"{hashed.name}:{hashed.hexdigest()}"


def merkle_root(leaves: Sequence[str], algorithm: str = "") -> str:
    """Return the Merkle root of hexadecimal leaf hashes (RFC 6962, section 2.1: 0x00 and 0x01
    prefixes; an odd node is carried up unpaired).
    """
    return _levels(leaves, algorithm)[-1][0].hex()


def merkle_path(leaves: Sequence[str], place: int, algorithm: str = "") -> list[tuple[str, str]]:
    """Return what proves that the leaf at `place` is under the root: from below, on which side
    ("left", "right") each neighbour stands and its hash (RFC 6962, section 2.1.1).
    """
    path = []
    for level in _levels(leaves, algorithm)[:-1]:
        beside = place ^ 1
        if beside < len(level):
            path.append(("left" if beside < place else "right", level[beside].hex()))
        place //= 2
    return path


def root_above(leaf: str, path: Iterable[tuple[str, str]], algorithm: str = "") -> str:
    """Return the root to which a leaf's hash and its path lead."""
    below, above = _prefixes(algorithm)
    node = _hash_after(below, bytes.fromhex(leaf))
    for side, beside in path:
        pair = (bytes.fromhex(beside), node) if side == "left" else (node, bytes.fromhex(beside))
        node = _hash_after(above, b"".join(pair))
    return node.hex()


def _levels(leaves: Sequence[str], algorithm: str) -> list[list[bytes]]:
    if not leaves:
        raise ValueError("a Merkle tree needs a leaf")
    below, above = _prefixes(algorithm)
    levels = [[_hash_after(below, bytes.fromhex(leaf)) for leaf in leaves]]
    while len(level := levels[-1]) > 1:
        paired = [_hash_after(above, level[i] + level[i + 1]) for i in range(0, len(level) - 1, 2)]
        levels.append(paired + level[len(paired) * 2 :])
    return levels


def _prefixes(algorithm: str) -> tuple["hashlib._Hash", "hashlib._Hash"]:
    below, above = begin(algorithm), begin(algorithm)
    below.update(b"\0")
    above.update(b"\1")
    return below, above


def _hash_after(begun: "hashlib._Hash", text: bytes) -> bytes:
    copy = begun.copy()  # a third faster than looking the algorithm up for each node
    copy.update(text)
    return copy.digest()


def seal_body(first: int, last: int, count: int, at: str, root: str, prev: str) -> str:
    """Return the canonical text that a seal's own hash is taken over."""
    return canonical(
        {"first": first, "last": last, "count": count, "at": at, "root": root, "prev": prev}
    )
