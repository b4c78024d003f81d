"""The calls of GeoReport v2: discovery, services, definitions, requests, tokens.

Of a request the public learns what it is about, whether it is open, since when, and who keeps it;
neither text nor place: the portal's own page shows those to whoever holds the receipt.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from qianshou.design.asked import YEARS, whole
from qianshou.design.headers import address_of
from qianshou.design.receipt import code_of, digest_of, new_mark, plain, spoken
from qianshou.design.refused import language
from qianshou.kernel import door
from qianshou.kernel.access import Actor
from qianshou.kernel.clock import CHINA, now
from qianshou.kernel.door import acts
from qianshou.kernel.limits.counting import refuse_if_spent, spend
from qianshou.kernel.tokens.keeping import PUBLIC, find_token
from qianshou.kernel.worklist.lists import public_matters
from qianshou.portal.limits import GUESSES, REPORTS, REPORTS_PASSED_ON
from qianshou.portal.open311.answers import Fault, answer, faults, open311
from qianshou.portal.open311.ways import (
    find_way,
    read_request,
    tell_definition,
    tell_way,
    ways,
)

SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"
CHANGESET = "2026-11-25T00:00:00Z"
LONGEST = timedelta(days=90)
MOST = 1000
STATES = ("open", "closed")
MOST_NAMED = 50


@require_safe
@open311
def discovery(request: HttpRequest, ending: str) -> HttpResponse:
    """Tell where the calls are."""
    end = request.build_absolute_uri(reverse("open311-discovery", args=["json"]))
    told = {
        "changeset": CHANGESET,
        "contact": _("区基层治理指挥中心"),
        "key_service": _("不用钥匙也可以提交；要代很多人提交，请向区系统管理员申请 Open311 令牌"),
        "endpoints": [
            {
                "specification": SPECIFICATION,
                "url": end.rpartition("/")[0],
                "changeset": CHANGESET,
                "type": "production",
                "formats": ["text/xml", "application/json"],
            }
        ],
    }
    return answer(ending, "discovery", told)


@require_safe
@open311
def list_ways(request: HttpRequest, ending: str) -> HttpResponse:
    """List the services."""
    return answer(ending, "services", [tell_way(way) for way in ways()])


@require_safe
@open311
def define_way(request: HttpRequest, ending: str, code: str) -> HttpResponse:
    """Tell the attributes of one service."""
    return answer(ending, "service_definition", tell_definition(find_way(code)))


@require_http_methods(["GET", "HEAD", "POST"])
@open311
def requests(request: HttpRequest, ending: str) -> HttpResponse:
    """Take in a request, or list those that the public may know of."""
    if request.method == "POST":
        return answer(ending, "service_requests", [submit(request)])
    return answer(ending, "service_requests", [tell_matter(one) for one in find_matters(request)])


def submit(request: HttpRequest) -> dict[str, Any]:
    """Open a matter for what a program passes on, and return its number and receipt.

    Fault 403 for a key that is none, 400 and 404 for what cannot be read; the form's Refusals.
    """
    at = now()
    key = request.POST.get("api_key") or request.GET.get("api_key") or ""
    token = find_token(key, at) if key else None
    if key and (token is None or PUBLIC not in token.scopes):
        raise Fault(403, "api_key 无效或已停用", "The api_key is not valid")
    way = find_way(request.POST.get("service_code", ""))
    if token is None:
        spend(REPORTS, address_of(request), at)
    else:
        spend(REPORTS_PASSED_ON, str(token.pk), at)
    facts = read_request(way, request, at)
    code = code_of(new_mark())
    by = Actor("resident", receipt=digest_of(code))
    wanted = acts.Open(way.start.procedure, facts, way.start.id, receipt=by.receipt, via="open311")
    opened = door.act(wanted, by=by, at=at)
    assert opened is not None
    notice = _("回执号 %(code)s：凭它在 %(address)s 查进度、补充情况、评价结果") % {
        "code": spoken(code),
        "address": request.build_absolute_uri(reverse("ask")),
    }
    return {"service_request_id": opened.number, "service_notice": notice, "account_id": None}


def _keyed_ways() -> dict[str, Any]:
    """Return the way in under which the requests of each procedure are told."""
    found: dict[str, Any] = {}
    for way in ways():
        found.setdefault(way.start.procedure, way)
    return found


def find_matters(request: HttpRequest) -> Iterable[Any]:
    """Return the matters that a list asks for, the newest first (one query).

    At most 1,000, and of 90 days unless named by number. Fault 400 for a filter that cannot be
    read or asks for more than 90 days.
    """
    asked, known = request.GET, _keyed_ways()
    limit = whole(asked.get("page_size", "")) or MOST
    found = public_matters(known)
    if numbers := _listed(asked.get("service_request_id", "")):
        return found.filter(number__in=numbers)[:MOST_NAMED]
    if codes := _listed(asked.get("service_code", "")):
        chosen = {find_way(code).start.procedure for code in codes}
        found = found.filter(procedure__in=chosen)
    states = _listed(asked.get("status", ""))
    if set(states) - set(STATES):
        raise Fault(400, "status 只能是 open 或 closed", "status is open or closed")
    if len(set(states)) == 1:
        found = found.filter(closed_at__isnull=states[0] == "open")
    first, last = _span(asked.get("start_date", ""), asked.get("end_date", ""))
    return found.filter(opened_at__gte=first, opened_at__lte=last)[: min(limit, MOST)]


def _listed(text: str) -> list[str]:
    return [part.strip()[:80] for part in text.split(",") if part.strip()][:MOST_NAMED]


def _span(start: str, end: str) -> tuple[datetime, datetime]:
    first, last = _instant("start_date", start), _instant("end_date", end)
    if first is None:
        last = last or now()
        return last - LONGEST, last
    last = last or first + LONGEST
    if not first <= last <= first + LONGEST:
        raise Fault(
            400,
            "start_date 到 end_date 要按先后写，最多 90 天",
            "start_date must not lie after end_date, nor more than 90 days before it",
        )
    return first, last


def _instant(name: str, text: str) -> datetime | None:
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.year not in YEARS:
        raise Fault(
            400,
            f"{name} 要写成 2026-01-31T00:00:00Z 的样子",
            f"{name} must look like 2026-01-31T00:00:00Z",
        )
    return at if at.tzinfo else at.replace(tzinfo=CHINA)


@require_safe
@open311
def one(request: HttpRequest, ending: str, number: str) -> HttpResponse:
    """Tell one request by its number."""
    found = public_matters(_keyed_ways()).filter(number=number[:40]).first()
    if found is None:
        raise Fault(404, f"没有 {number}", f"There is no request {number}")
    return answer(ending, "service_requests", [tell_matter(found)])


@require_safe
@open311
def token(request: HttpRequest, ending: str, code: str) -> HttpResponse:
    """Tell the number that belongs to a receipt; wrong ones are counted by address, and so are those
    of matters that are not told here.
    """
    refuse_if_spent(GUESSES, address_of(request), now())
    opened = public_matters(_keyed_ways()).filter(receipt_digest=digest_of(code))
    matter = opened.order_by("id").first()
    if matter is None:
        spend(GUESSES, address_of(request), now())
        raise Fault(404, "没有这个回执号", "There is no such receipt number")
    told = [{"service_request_id": matter.number, "token": plain(code)}]
    return answer(ending, "service_requests", told)


@csrf_exempt
def nothing(request: HttpRequest) -> HttpResponse:
    """Answer a call that there is not, in the standard's form."""
    fault = Fault(404, "没有这个调用", "There is no such call")
    return faults("xml" if request.path.endswith(".xml") else "json", fault.code, [fault.text])


def tell_matter(matter: Any) -> dict[str, Any]:
    """Return what the public may know of a matter."""
    way = _keyed_ways()[matter.procedure]
    keeper = matter.organisation
    return {
        "service_request_id": matter.number,
        "status": "open" if matter.closed_at is None else "closed",
        "status_notes": None,
        "service_name": way.name,
        "service_code": way.code,
        "description": None,
        "agency_responsible": keeper.name if language().startswith("zh") else keeper.name_en,
        "service_notice": None,
        "requested_datetime": _told(matter.opened_at),
        "updated_datetime": _told(matter.closed_at or matter.opened_at),
        "expected_datetime": None,
        "address": None,
        "address_id": None,
        "zipcode": None,
        "lat": None,
        "long": None,
        "media_url": None,
    }


def _told(at: datetime) -> str:
    return at.astimezone(CHINA).isoformat(timespec="seconds")
