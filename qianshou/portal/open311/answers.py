"""The form of GeoReport v2: answers in JSON or XML by the address's ending, errors as a list.

Source: Open311, GeoReport v2 (wiki.open311.org/GeoReport_v2), sections on formats and errors.
"""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from lxml import etree

from qianshou.design.headers import address_of
from qianshou.design.refused import language
from qianshou.kernel.clock import now
from qianshou.kernel.limits.counting import TooMany, spend
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.models import Division
from qianshou.portal.limits import CALLS

# The name of one element of each list, as the standard's own examples have it.
ONE_OF = {
    "services": "service",
    "service_requests": "request",
    "errors": "error",
    "attributes": "attribute",
    "values": "value",
    "endpoints": "endpoint",
    "formats": "format",
}
NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Fault(Exception):
    """What the standard answers with an error: a code that is also HTTP's, and sentences."""

    def __init__(self, code: int, zh: str, en: str) -> None:
        super().__init__(en)
        self.code, self.zh, self.en = code, zh, en

    @property
    def text(self) -> str:
        """The sentence in the caller's language."""
        return self.zh if language().startswith("zh") else self.en


def answer(ending: str, root: str, told: Any, code: int = 200) -> HttpResponse:
    """Return `told` in JSON, or in XML below an element `root`."""
    if ending == "xml":
        content = etree.tostring(_element(root, told), xml_declaration=True, encoding="utf-8")
        return HttpResponse(content, content_type="text/xml; charset=utf-8", status=code)
    dumped = {"ensure_ascii": False}
    return JsonResponse(told, safe=False, json_dumps_params=dumped, status=code)


def _element(name: str, told: Any) -> Any:
    element = etree.Element(name)
    if isinstance(told, dict):
        element.extend([_element(key, value) for key, value in told.items()])
    elif isinstance(told, list):
        element.extend([_element(ONE_OF[name], value) for value in told])
    elif isinstance(told, bool):
        element.text = "true" if told else "false"
    elif told is not None:
        element.text = NOT_XML.sub("", str(told))
    return element


def faults(ending: str, code: int, texts: list[str]) -> HttpResponse:
    """Return errors in the standard's form."""
    return answer(ending, "errors", [{"code": code, "description": text} for text in texts], code)


def open311(
    view: Callable[..., HttpResponse],
) -> Callable[..., HttpResponse]:
    """Let a view answer as GeoReport v2 does; it gets the ending of the address, json or xml.

    Refuses other endings (404), another jurisdiction (404), more than 300 calls in ten minutes
    from one address (429); what is refused inside becomes one error each (400).
    """

    @csrf_exempt
    @wraps(view)
    def called(request: HttpRequest, ending: str, **named: str) -> HttpResponse:
        try:
            if ending not in ("json", "xml"):
                raise Fault(404, "只有 json 和 xml 两种格式", "The formats are json and xml")
            spend(CALLS, address_of(request), now())
            _check_jurisdiction(request)
            return view(request, ending, **named)
        except Fault as fault:
            return faults(ending, fault.code, [fault.text])
        except TooMany as refusal:
            response = faults(ending, 429, [refusal.text(language())])
            response.headers["Retry-After"] = str(refusal.minutes * 60)
            return response
        except (Refusal, Refusals) as refused:
            several = refused.refusals if isinstance(refused, Refusals) else (refused,)
            texts = [f"{one.field or one.code}: {one.text(language())}" for one in several]
            return faults(ending, 400, texts)

    return called


def jurisdiction() -> str:
    """Return the district's own code, by which this jurisdiction is named; "" before there is
    one.
    """
    found = Division.objects.filter(kind="district").order_by("id").values_list("code", flat=True)
    return found.first() or ""


def _check_jurisdiction(request: HttpRequest) -> None:
    wanted = request.GET.get("jurisdiction_id") or request.POST.get("jurisdiction_id")
    if wanted and wanted != jurisdiction():
        raise Fault(404, f"没有辖区 {wanted}", f"There is no jurisdiction {wanted}")
