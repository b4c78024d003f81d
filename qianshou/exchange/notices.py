"""Notices beyond the page: by e-mail to officers, by a group's robot to organisations.

What leaves the house names nobody: the kind of notice, the matter's number, when it is due, and
the address of its page. Of a matter in a circle an officer's mail says only that there is a
notice, and a robot says nothing.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override

from qianshou.exchange.hooks import due_of
from qianshou.exchange.models import Mailing, Mark, Robot
from qianshou.exchange.outward import LONGEST_ANSWER, Unanswered, check_url, post_outward
from qianshou.exchange.robots import address_to_call, message_of, open_text, seal_text
from qianshou.kernel.access import Actor, actor_of, require
from qianshou.kernel.clock import day_of
from qianshou.kernel.door.passwords import way_in
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.outbox import carrier, relay, send
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Organisation
from qianshou.kernel.worklist.notices import newest_notice, notices_after, notices_for

MAIL, GROUP = "exchange.mail", "exchange.robot"
KINDS = ("late", "amber", "urge", "supervise", "other")


def kind_words(kind: str) -> str:
    """Return what a kind of notice is called."""
    return {
        "late": _("任务已超期"),
        "amber": _("任务将到期"),
        "urge": _("催办"),
        "supervise": _("督办"),
    }.get(kind, _("其他通知"))


def kind_of(kind: str) -> str:
    """Return under which choice a kind of notice falls."""
    return kind if kind in KINDS else "other"


def choose_mail(
    officer: Any, address: str, kinds: Collection[str], *, by: Actor, at: datetime
) -> None:
    """Keep which kinds of notices an officer wants by e-mail; none ends it.

    Refuses mail.off where the server sends no mail, mail.kinds, and what the table refuses.
    """
    if kinds and not settings.EMAIL_HOST:
        raise Refusal(
            "mail.off",
            "本系统还没有配置邮件服务器",
            "This server has no mail server to send by",
            "address",
        )
    if set(kinds) - set(KINDS):
        raise Refusal("mail.kinds", "没有这种通知", "There is no such kind of notice", "kinds")
    row = Mailing.objects.filter(officer=officer).first() or Mailing(officer=officer)
    values = {"officer": officer, "address": address.strip()}
    change_row(row, {**values, "kinds": [one for one in KINDS if one in kinds]}, by=by, at=at)


@way_in
def end_mail(officer: Any, /, *, by: Actor, at: datetime) -> None:
    """Send an officer no mail until they choose an address again."""
    row = Mailing.objects.filter(officer=officer).exclude(kinds=[]).first()
    if row is not None:
        change_row(row, {"kinds": list[str]()}, by=by, at=at)


def make_robot(
    organisation: Organisation | None,
    kind: str,
    name: str,
    url: str,
    secret: str,
    kinds: Collection[str],
    *,
    by: Actor,
    at: datetime,
) -> Robot:
    """Keep a group's robot for an organisation's notices; address and secret are kept sealed.

    Refuses whoever is not the system administrator (access.denied), robot.organisation,
    robot.kind, robot.kinds, and what check_url and the table refuse.
    """
    require(by.role == "system")
    if organisation is None:
        raise Refusal("robot.organisation", "没有这个机构", "No such organisation", "organisation")
    if kind not in dict(Robot.KINDS):
        raise Refusal("robot.kind", "请选企业微信或钉钉", "Choose WeCom or DingTalk", "kind")
    if not kinds or set(kinds) - set(KINDS):
        raise Refusal("robot.kinds", "请勾选通知哪些事", "Choose which notices are told", "kinds")
    check_url(url)
    values = {
        "organisation": organisation,
        "kind": kind,
        "name": name.strip(),
        "sealed_url": seal_text(url),
        "sealed_secret": seal_text(secret.strip()),
        "kinds": [one for one in KINDS if one in kinds],
    }
    return change_row(Robot(), values, by=by, at=at)


def end_robot(robot: Robot, *, by: Actor, at: datetime) -> None:
    """Tell a robot nothing more; refuses whoever is not the system administrator."""
    require(by.role == "system")
    if robot.ended_at is None:
        change_row(robot, {"ended_at": at}, by=by, at=at)


@relay
def tell_outside(at: datetime) -> int:
    """Send parcels for new notices to those who want them by mail or in a group."""
    mark, made = Mark.objects.get_or_create(name="notices", defaults={"last": newest_notice()})
    robots = list(Robot.objects.filter(ended_at=None))
    mailings = Mailing.objects.exclude(kinds=[]).filter(officer__is_active=True)
    if made:
        return 0
    if not robots and not mailings.exists():
        Mark.objects.filter(pk=mark.pk).update(last=newest_notice())
        return 0
    new = notices_after(mark.last)
    if not new:
        return 0
    due = due_of({one.matter_id for one in new if one.matter_id is not None})
    sent = sum(_tell_group(robot, new, due, at) for robot in robots)
    sent += sum(_tell_officer(mailing, new, due, at) for mailing in _meant(mailings, new, at))
    Mark.objects.filter(pk=mark.pk).update(last=new[-1].pk)
    return sent


def _tell_group(robot: Robot, new: Iterable[Any], due: Mapping[int, str], at: datetime) -> int:
    told = {}
    for one in new:
        hidden = one.matter is not None and one.matter.circle_id is not None
        its_own = one.organisation_id == robot.organisation_id
        if its_own and not hidden and kind_of(one.kind) in robot.kinds:
            told[_key(f"robot/{robot.pk}", one)] = {"robot": robot.pk, **_told(one, due)}
    for key, facts in told.items():
        send(GROUP, facts, key=key, at=at)
    return len(told)


def _tell_officer(
    mailing: Mailing, new: Iterable[Any], due: Mapping[int, str], at: datetime
) -> int:
    meant = notices_for(actor_of(mailing.officer, at)).filter(pk__in=[one.pk for one in new])
    mine = set(meant.values_list("pk", flat=True))
    told = {
        _key(f"mail/{mailing.pk}", one): {"mailing": mailing.pk, **_told(one, due)}
        for one in new
        if one.pk in mine and kind_of(one.kind) in mailing.kinds
    }
    for key, facts in told.items():
        send(MAIL, facts, key=key, at=at)
    return len(told)


def _key(whom: str, notice: Any) -> str:
    """Return one key for what an act told several posts: nobody is told of it twice."""
    about = notice.pk if notice.matter_id is None else notice.matter_id
    return f"{whom}/{notice.kind}/{about}/{notice.at.timestamp():.6f}"


def _meant(mailings: Any, new: Iterable[Any], at: datetime) -> Iterable[Mailing]:
    """Return the mailings of those for whom one of these notices could be meant."""
    day = day_of(at)
    seated = Q(officer__postings__from_date__lte=day) & (
        Q(officer__postings__to_date=None) | Q(officer__postings__to_date__gte=day)
    )
    there = {one.organisation_id for one in new}
    named = {one.officer_id for one in new if one.officer_id is not None}
    meant = Q(officer__in=named) | (seated & Q(officer__postings__organisation__in=there))
    found: Iterable[Mailing] = mailings.filter(meant).distinct().select_related("officer")
    return found


def _told(notice: Any, due: Mapping[int, str]) -> dict[str, Any]:
    matter = notice.matter
    if matter is None or matter.circle_id is not None:
        return {"kind": "other", "number": "", "due": "", "path": reverse("notices")}
    path = reverse("matter", args=[matter.pk])
    kind, known = kind_of(notice.kind), due.get(matter.pk, "")
    return {"kind": kind, "number": matter.number, "due": known, "path": path}


def words_of(facts: Mapping[str, Any]) -> tuple[str, str]:
    """Return the heading and the text of a notice for outside, in the language that is on."""
    heading = " ".join(
        filter(None, (f"【{_('千手')}】{kind_words(facts['kind'])}", facts["number"]))
    )
    lines = [heading]
    if facts["due"]:
        at = datetime.fromisoformat(facts["due"])
        lines.append(_("办理期限：%(due)s") % {"due": at.strftime("%Y-%m-%d %H:%M")})
    return heading, "\n".join([*lines, f"{settings.ADDRESS}{facts['path']}"])


@carrier(MAIL, alone=True)
def carry_mail(facts: Mapping[str, Any], at: datetime) -> None:
    """Send one mail, in the language in which its officer reads."""
    mailing = Mailing.objects.select_related("officer").get(pk=facts["mailing"])
    if kind_of(facts["kind"]) not in mailing.kinds or not mailing.officer.is_active:
        return
    with override(mailing.officer.language):
        heading, text = words_of(facts)
    EmailMessage(heading, text, settings.DEFAULT_FROM_EMAIL, [mailing.address]).send()


@carrier(GROUP, alone=True)
def carry_to_group(facts: Mapping[str, Any], at: datetime) -> None:
    """Let a robot say one notice; Unanswered where its service answers that it did not."""
    robot = Robot.objects.get(pk=facts["robot"])
    if robot.ended_at is not None:
        return
    with override("zh-hans"):
        _heading, text = words_of(facts)
    url, secret = open_text(robot.sealed_url), open_text(robot.sealed_secret)
    body = json.dumps(message_of(text), ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json; charset=utf-8"}
    address = address_to_call(robot.kind, url, secret, at)
    answer = json.loads(post_outward(address, body, headers, longest=LONGEST_ANSWER))
    if answer.get("errcode") != 0:
        raise Unanswered(f"robot {robot.pk} answered {answer.get('errcode')}")
