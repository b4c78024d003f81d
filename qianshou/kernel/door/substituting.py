"""Standing in for an officer (代理): declared for days and a pack or all, and ended before its time.

Whoever stands in does the principal's tasks and writes both names; they gain no act of a seat, and
nothing that a circle keeps from them.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Q, QuerySet

from qianshou.kernel.access import Actor, actor_of, require
from qianshou.kernel.clock import CHINA
from qianshou.kernel.door.notices import tell_officer
from qianshou.kernel.door.registering import change_row, lock_row
from qianshou.kernel.door.turn import write_turn
from qianshou.kernel.pack import packs
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Officer, Substitution

LONGEST = timedelta(days=366)


@dataclass(frozen=True)
class Wanted:
    """A substitution as somebody declares it: for whom, by whom, when, in which pack ("" all)."""

    principal: Officer | None
    substitute: Officer | None
    pack: str
    from_date: date | None
    to_date: date | None
    reason: str


def may_declare(by: Actor, principal: int) -> bool:
    """Whether `by` may say who stands in for an officer: they themselves, or who gives posts."""
    return by.officer == principal or by.role == "security"


def declare_substitution(wanted: Wanted, *, by: Actor, at: datetime) -> Substitution:
    """Let an officer stand in for another and tell both; return the row.

    Refuses access.denied, whoever holds no post today (substitution.officer), oneself
    (substitution.self), for one's own a stranger to one's organisations
    (substitution.colleague), an unknown pack (substitution.pack), days out of order, past or
    more than a year (substitution.days), no reason (substitution.reason).
    """
    principal, substitute = wanted.principal, wanted.substitute
    if principal is None or not actor_of(principal, at).seats:
        raise _no_officer("principal")
    require(may_declare(by, principal.pk))
    seats = None if substitute is None or not substitute.is_active else actor_of(substitute, at)
    if substitute is None or seats is None or not seats.seats:
        raise _no_officer("substitute")
    if principal == substitute:
        raise Refusal(
            "substitution.self",
            "不能由本人代理本人",
            "Nobody stands in for themselves",
            "substitute",
        )
    if by.officer == principal.pk and not by.organisations & seats.organisations:
        raise Refusal(
            "substitution.colleague",
            "只能请本单位的同事代理；外单位的，请安全管理员设定",
            "Only a colleague of your organisation can stand in; for others ask the security "
            "administrator",
            "substitute",
        )
    if wanted.pack and wanted.pack not in {pack.id for pack in packs()}:
        raise Refusal("substitution.pack", "没有这个系统", "There is no such system", "pack")
    first, last = _days(wanted, at)
    if not wanted.reason.strip():
        raise Refusal("substitution.reason", "请写明事由", "Please say why", "reason")
    values = {
        "principal": principal,
        "substitute": substitute,
        "pack": wanted.pack,
        "from_date": first,
        "to_date": last,
        "reason": wanted.reason.strip()[:200],
    }
    with write_turn():
        row = change_row(Substitution(), values, by=by, at=at)
        days = f"{first}–{last}"
        zh = f"{substitute.name} 代理 {principal.name}（{days}）"
        en = f"{substitute.name} stands in for {principal.name} ({days})"
        home = seats.seats[0].organisation
        for officer in (principal, substitute):
            tell_officer(officer.pk, home, "substitution", zh, en, at=at)
    return row


def _no_officer(field: str) -> Refusal:
    return Refusal(
        "substitution.officer",
        "请选择一位今天有任职的工作人员",
        "Choose an officer who holds a post today",
        field,
    )


def _days(wanted: Wanted, at: datetime) -> tuple[date, date]:
    first, last, today = wanted.from_date, wanted.to_date, at.astimezone(CHINA).date()
    if first is None or last is None or not today <= first <= last or last - first > LONGEST:
        raise Refusal(
            "substitution.days",
            "请填写起止日期：从今天或以后开始，不超过一年",
            "Give the first and last day: from today or later, a year at most",
            "to_date" if first is not None and first >= today else "from_date",
        )
    return first, last


def may_end(by: Actor, row: Substitution) -> bool:
    """Whether `by` may end a substitution: either of the two, or who gives posts."""
    return may_declare(by, row.principal_id) or by.officer == row.substitute_id


def end_substitution(row: Substitution, *, by: Actor, at: datetime) -> None:
    """End a substitution at once; refuses access.denied and one that has ended
    (substitution.ended).
    """
    require(may_end(by, row))
    with write_turn():
        lock_row(row)
        if row.ended_at is not None:
            raise Refusal(
                "substitution.ended", "此代理已经结束", "This substitution has ended already"
            )
        change_row(row, {"ended_at": at}, by=by, at=at)


def substitutions_seen(by: Actor, at: datetime) -> QuerySet[Substitution]:
    """Return the substitutions that have not ended and that `by` takes part in, or gives posts."""
    today = at.astimezone(CHINA).date()
    found = Substitution.objects.filter(ended_at=None, to_date__gte=today)
    if by.role != "security":
        found = found.filter(Q(principal=by.officer) | Q(substitute=by.officer))
    return found.select_related("principal", "substitute").order_by("from_date", "id")
