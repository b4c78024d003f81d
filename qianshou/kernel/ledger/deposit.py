"""Deposits (存证): the seals of some days, to be kept where nobody can change both them and the ledger."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from qianshou.kernel.clock import CHINA
from qianshou.kernel.ledger.chain import canonical, digest, merkle_root
from qianshou.kernel.ledger.models import Entry, Seal
from qianshou.kernel.ledger.problem import Problem
from qianshou.kernel.ledger.proof import hash_of_seal, seal_facts, unreadable
from qianshou.kernel.refusal import Refusal

KIND = "qianshou.deposit"
PARTS = {
    "first": "起始记录", "last": "末尾记录", "count": "条数", "at": "时间", "algorithm": "算法",
    "root": "根", "prev": "上一封存", "hash": "哈希",
}  # fmt: skip


def make_deposit(first: date, last: date, *, up_to: int | None = None) -> dict[str, Any]:
    """Return the deposit of the seals made from one day to another (in China, both included).

    `up_to` is the last seal that it may hold; the same days and seal give the same deposit.

    Refuses deposit.days where the days are the wrong way round, deposit.none without a seal.
    """
    if first > last:
        raise Refusal(
            "deposit.days",
            "开始日期不能晚于结束日期",
            "The first day must not be after the last",
            "from",
        )
    begins = datetime.combine(first, time(), CHINA)
    ends = datetime.combine(last, time(), CHINA) + timedelta(days=1)
    seals = Seal.objects.filter(at__gte=begins, at__lt=ends).order_by("last_entry")
    told = [seal_facts(seal) for seal in seals if up_to is None or seal.pk <= up_to]
    if not told:
        raise Refusal("deposit.none", "这几天没有封存", "Nothing was sealed in these days", "from")
    days = {"from": first.isoformat(), "to": last.isoformat()}
    return {"kind": KIND, "v": 1, **days, "seals": told}


def digest_of_deposit(deposit: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a deposit's canonical text, by which its printed sheet names it."""
    return digest(canonical(deposit), "sha256")


def last_of_each_day(deposit: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the last seal of each day: its hash covers all before it, so a sheet prints no others."""
    days = {
        datetime.fromisoformat(one["at"]).astimezone(CHINA).date(): one for one in deposit["seals"]
    }
    return [{"day": day, **one} for day, one in days.items()]


def sealed_as(told: Mapping[str, Any]) -> bool:
    """Whether the database has this seal, as it is told."""
    seal = Seal.objects.filter(pk=told["id"]).first()
    return seal is not None and seal_facts(seal) == dict(told)


def check_deposit(deposit: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what differs between a deposit and the database, seal by seal.

    A seal that is missing, altered or inserted, the order of the chain, and entries that are no
    longer what was sealed; and what of the deposit itself does not hold. Refuses proof.unreadable.
    """
    try:
        seals = {int(one["id"]): {name: one[name] for name in PARTS} for one in deposit["seals"]}
        broken = {number for number, one in seals.items() if hash_of_seal(one) != one["hash"]}
        if not seals or len(seals) != len(deposit["seals"]):
            raise unreadable("deposit")
        lowest = min(one["first"] for one in seals.values())
        highest = max(one["last"] for one in seals.values())
        kept = {
            seal.pk: seal
            for seal in Seal.objects.filter(last_entry__gte=lowest, first_entry__lte=highest)
        }
        kept |= Seal.objects.in_bulk(list(seals))
    except (LookupError, TypeError, ValueError, AttributeError):
        raise unreadable("deposit") from None
    prev = ""
    for number, told in sorted(seals.items(), key=lambda one: one[1]["last"]):
        if number in broken or (prev and told["prev"] != prev):
            yield _problem(
                number, "存证文件里的这一条与前后不相扣", "the deposit's own line does not hold"
            )
            prev = told["hash"]
            continue
        prev = told["hash"]
        yield from _compare(number, told, kept.pop(number, None))
    for number in sorted(set(kept) - set(seals)):
        yield _problem(number, "不在存证文件里：后来插入", "is not in the deposit: inserted since")


def _compare(number: int, told: Mapping[str, Any], seal: Seal | None) -> Iterator[Problem]:
    if seal is None:
        yield _problem(number, "在数据库里不存在", "is missing from the database")
        return
    now = seal_facts(seal)
    differs = [name for name in PARTS if now[name] != told[name]]
    if differs:
        zh, en = "、".join(PARTS[name] for name in differs), ", ".join(differs)
        yield _problem(number, f"存证之后被改动：{zh}", f"was altered since its deposit: {en}")
    rows = Entry.objects.filter(pk__gte=told["first"], pk__lte=told["last"]).order_by("pk")
    leaves = list(rows.values_list("hash", flat=True))
    try:
        same = merkle_root(leaves, told["algorithm"]) == told["root"]
    except ValueError:  # nothing is left, or a hash that is none
        same = False
    if not same:
        yield _problem(
            number,
            f"所封的记录（{told['first']}–{told['last']}）已被改动、删除或调换："
            f"应有 {told['count']} 条，实有 {len(leaves)} 条",
            f"its entries ({told['first']}-{told['last']}) were altered, deleted or reordered: "
            f"{told['count']} expected, {len(leaves)} found",
        )


def _problem(number: int, zh: str, en: str) -> Problem:
    return Problem(f"seal/{number}", 0, f"封存 {number} {zh}", f"seal {number} {en}")
