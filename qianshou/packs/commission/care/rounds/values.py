"""What a mismatch holds: both sides and the explanation, each sealed under its list's key."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from qianshou.kernel.registry.vault import open_value, seal_value
from qianshou.packs.commission.care.models import BlindCheck, Mismatch
from qianshou.packs.commission.care.rounds.sealed import key_of_list


@dataclass
class Told:
    """What is said of a mismatch: the machine's evidence, the answers, the remarks of people."""

    against: str = ""
    doubt: list[str] = field(default_factory=list)
    candidates: list[dict[str, Any]] = field(default_factory=list)
    answer: dict[str, Any] = field(default_factory=dict)
    remarks: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Values:
    """A mismatch in clear: the roster's row, the other list's rows (None once destroyed)."""

    left: Mapping[str, str]
    rights: Sequence[Mapping[str, str]] | None
    told: Told


def seal_values(
    left: Mapping[str, str],
    rights: Sequence[Mapping[str, str]],
    told: Told,
    *,
    left_key: bytes,
    right_key: bytes,
) -> bytes:
    """Return the bytes that a mismatch keeps."""
    return json.dumps(
        {
            "left": seal_value(dict(left), left_key),
            "right": seal_value([dict(one) for one in rights], right_key),
            "told": seal_value(asdict(told), left_key),
        }
    ).encode()


def keys_of_mismatch(row: Mismatch | BlindCheck) -> tuple[bytes, bytes | None]:
    """Return the key of the roster's side and of the other's, which may be destroyed."""
    holder = row.roster or row.other
    assert holder is not None
    left = key_of_list(holder)
    if row.other is None:
        return left, left
    return left, key_of_list(row.other) if row.other.wrapped_key is not None else None


def open_values(row: Mismatch | BlindCheck) -> Values:
    """Return a mismatch in clear; Refusal care.list_erased where its own side is destroyed.

    Nothing is written down: whoever shows it to a person does that.
    """
    left, right = keys_of_mismatch(row)
    kept = json.loads(bytes(row.values))
    return Values(
        open_value(kept["left"], left),
        None if right is None else open_value(kept["right"], right),
        Told(**open_value(kept["told"], left)),
    )


def open_if_kept(row: Mismatch | BlindCheck) -> Values:
    """Return a mismatch in clear, or nothing of it where its list's key has been destroyed."""
    holder = row.roster or row.other
    if holder is None or holder.wrapped_key is None:
        return Values({}, None, Told())
    return open_values(row)


def with_told(row: Mismatch, told: Told) -> bytes:
    """Return a mismatch's bytes with what is said of it changed."""
    left, _right = keys_of_mismatch(row)
    kept = json.loads(bytes(row.values))
    return json.dumps({**kept, "told": seal_value(asdict(told), left)}).encode()
