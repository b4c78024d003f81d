"""The record of log-ins, for those who watch over it: who came in, was refused, or left."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from qianshou.design.asked import Days, read_days, whole
from qianshou.design.desk import officer_page, show
from qianshou.design.download import table_response
from qianshou.design.environment import instant
from qianshou.kernel.access import Actor, require
from qianshou.kernel.login.models import LoginRecord
from qianshou.kernel.login.records import KEPT, device_words
from qianshou.kernel.registry.models import Officer
from qianshou.kernel.registry.sheets import Column

PAGE = 50
MOST = 5000
COLUMNS = (
    Column("at", "时间", "Time"),
    Column("officer", "谁", "Who"),
    Column("kind", "结果", "Result"),
    Column("way", "方式", "By"),
    Column("address", "地址", "Address"),
    Column("device", "设备", "Device"),
)


@dataclass(frozen=True)
class Asked:
    """What the address asks for: whose records, of which kind, from which day to which."""

    officer: str
    kind: str
    days: Days

    def query(self, **changed: str) -> str:
        """Return the query string of this choice, changed."""
        told = {
            "officer": self.officer, "kind": self.kind,
            "from": self.days.first, "to": self.days.last, **changed,
        }  # fmt: skip
        return urlencode({name: value for name, value in told.items() if value})


def read_asked(request: HttpRequest) -> Asked:
    """Return what the address asks for; a day that is none is told beside its field."""
    told = request.GET
    kind = told.get("kind", "")
    return Asked(
        officer=told.get("officer", "").strip()[:40],
        kind=kind if kind in dict(LoginRecord.KINDS) else "",
        days=read_days(told),
    )


def find_logins(asked: Asked) -> QuerySet[LoginRecord]:
    """Return the records asked for, the newest first; what was written wrong narrows nothing."""
    found = LoginRecord.objects.select_related("officer").order_by("-pk")
    if asked.officer:
        found = found.filter(officer=whole(asked.officer) or 0)
    if asked.kind:
        found = found.filter(kind=asked.kind)
    return asked.days.narrow(found)


def kind_words(kind: str) -> str:
    """Return what happened, in the page's language."""
    return {
        "in": _("登录成功"), "refused": _("被拒绝"), "out": _("退出"), "ended": _("被结束"),
    }[kind]  # fmt: skip


def way_words(way: str) -> str:
    """Return by what somebody tried to come in, in the page's language."""
    return {
        "password": _("密码"), "totp": _("密码和验证码"), "recovery": _("密码和恢复码"),
        "code": _("验证码"), "oidc": _("统一登录"),
    }.get(way, "")  # fmt: skip


def whose_words(officer: Officer | None) -> str:
    """Return an officer's name with the account's."""
    return f"{officer.name}（{officer.username}）" if officer else _("没有这个账号")


@require_safe
@officer_page
def page(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the records, the newest first; `before` is under which the next page begins."""
    require(actor.role in ("security", "audit"))
    asked = read_asked(request)
    found = find_logins(asked)
    before = whole(request.GET.get("before", ""))
    if before is not None:
        found = found.filter(pk__lt=before)
    rows = list(found[: PAGE + 1])
    context = {
        "asked": asked,
        "rows": rows[:PAGE],
        "following": rows[PAGE - 1].pk if len(rows) > PAGE else None,
        "officers": Officer.objects.filter(logins__isnull=False)
        .distinct()
        .order_by("name", "pk")
        .values_list("pk", "name", "username"),
        "kinds": [(code, kind_words(code)) for code, _zh in LoginRecord.KINDS],
        "kind_words": kind_words,
        "way_words": way_words,
        "whose_words": whose_words,
        "device_words": device_words,
        "days": KEPT.days,
        "here": "logins",
    }
    return show(request, actor, "office/logins.html", context, 422 if asked.days.errors else 200)


@require_safe
@officer_page
def export(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Return what the filters leave as an Excel file or as CSV, 5,000 rows at most."""
    require(actor.role in ("security", "audit"))
    lines = [
        (
            instant(row.at), whose_words(row.officer), kind_words(row.kind), way_words(row.way),
            row.address, device_words(row.device),
        )
        for row in find_logins(read_asked(request))[: MOST + 1]
    ]  # fmt: skip
    return table_response(request, COLUMNS, lines, "logins", MOST)
