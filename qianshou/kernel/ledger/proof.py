"""Proofs: that one entry lies under a seal, to be checked by anybody without the database.

A proof holds the entry as it was written, its path through the seal's Merkle tree, and the seal.
Whoever keeps the deposited roots elsewhere can so check a single entry.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from qianshou.kernel.ledger.append import stamp
from qianshou.kernel.ledger.chain import digest, merkle_path, root_above, seal_body
from qianshou.kernel.ledger.models import Entry, Seal
from qianshou.kernel.ledger.problem import Problem
from qianshou.kernel.refusal import Refusal

KIND = "qianshou.proof"


def seal_facts(seal: Seal) -> dict[str, Any]:
    """Return a seal as a proof or a deposit tells it."""
    return {
        "id": seal.pk,
        "first": seal.first_entry,
        "last": seal.last_entry,
        "count": seal.count,
        "at": stamp(seal.at),
        "algorithm": seal.algorithm,
        "root": seal.root,
        "prev": seal.prev,
        "hash": seal.hash,
    }


def hash_of_seal(told: Mapping[str, Any]) -> str:
    """Return what a seal's own hash must be, from its facts; ValueError for an unknown hash."""
    names = ("first", "last", "count", "at", "root", "prev")
    return digest(seal_body(*(told[name] for name in names)), told["algorithm"])


def prove_entry(number: int) -> dict[str, Any]:
    """Return the proof of the entry with this id.

    Refuses proof.no_entry, and proof.not_sealed before the sealer has come by.
    """
    entry = Entry.objects.filter(pk=number).first()
    if entry is None:
        raise Refusal(
            "proof.no_entry",
            f"台账里没有编号为 {number} 的记录",
            f"The ledger has no entry with the id {number}",
            "entry",
        )
    seal = Seal.objects.filter(first_entry__lte=number, last_entry__gte=number).first()
    if seal is None:
        raise Refusal(
            "proof.not_sealed",
            f"记录 {number} 还没有封存，请稍后再试",
            f"Entry {number} is not sealed yet; try again in a moment",
            "entry",
        )
    rows = Entry.objects.filter(pk__gte=seal.first_entry, pk__lte=seal.last_entry).order_by("pk")
    leaves = dict(rows.values_list("pk", "hash"))
    place = list(leaves).index(number)
    return {
        "kind": KIND,
        "v": 1,
        "entry": {
            "id": entry.pk,
            "subject": entry.subject,
            "seq": entry.seq,
            "algorithm": entry.algorithm,
            "hash": entry.hash,
            "body": entry.body,
        },
        "path": merkle_path(list(leaves.values()), place, seal.algorithm),
        "seal": seal_facts(seal),
    }


def check_proof(proof: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what does not hold of a proof; needs no database. Refuses proof.unreadable."""
    try:
        entry, seal = proof["entry"], proof["seal"]
        name = f"{entry['subject']} #{entry['seq']}"
        body = json.loads(entry["body"])
        told = (body["subject"], body["seq"]) == (entry["subject"], entry["seq"])
        whole = told and digest(entry["body"], entry["algorithm"]) == entry["hash"]
        within = seal["first"] <= entry["id"] <= seal["last"]
        above = root_above(entry["hash"], proof["path"], seal["algorithm"]) == seal["root"]
        sealed = hash_of_seal(seal) == seal["hash"]
    except (LookupError, TypeError, ValueError, AttributeError):
        raise unreadable("proof") from None
    if not whole:
        yield Problem(
            name, entry["seq"], f"{name} 的正文被改动：与哈希不符",
            f"{name}: its text was altered: the hash does not match",
        )  # fmt: skip
    if not (within and above):
        yield Problem(
            name, entry["seq"], f"{name} 不在封存 {seal['id']} 之下：路径不通到封存的根",
            f"{name} is not under seal {seal['id']}: the path does not lead to its root",
        )  # fmt: skip
    if not sealed:
        yield Problem(
            f"seal/{seal['id']}", 0, f"封存 {seal['id']} 被改动：与其哈希不符",
            f"seal {seal['id']} was altered: its hash does not match",
        )  # fmt: skip


def unreadable(field: str) -> Refusal:
    """Return the refusal of a file that is no proof and no deposit of ours."""
    return Refusal(
        "proof.unreadable",
        "这个文件不是千手的证明或存证文件，或内容不全",
        "This file is no proof or deposit of Qianshou, or is incomplete",
        field,
    )
