"""The OpenAPI description of GeoReport v2 as this house answers it."""

from typing import Any

from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from qianshou.portal.open311.requests import MOST, STATES

TEXT: dict[str, Any] = {"type": "string"}
MAYBE: dict[str, Any] = {"type": "string", "nullable": True}
INSTANT: dict[str, Any] = {"type": "string", "format": "date-time"}
REQUEST_KEYS = (
    "status_notes", "description", "service_notice", "expected_datetime", "address", "address_id",
    "zipcode", "lat", "long", "media_url",
)  # fmt: skip
SENT = (
    "jurisdiction_id", "api_key", "lat", "long", "address_string", "address_id", "email",
    "device_id", "account_id", "first_name", "last_name", "phone", "description", "media_url",
)  # fmt: skip


def _shape(required: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": {**required, **more}}


def _many(shape: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": shape}


FAULTS = _many(_shape({"code": {"type": "integer"}, "description": TEXT}))
ENDPOINT = _shape(
    {"specification": TEXT, "url": TEXT, "changeset": INSTANT, "type": TEXT, "formats": _many(TEXT)}
)
DISCOVERY = _shape(
    {"changeset": INSTANT, "contact": TEXT, "key_service": TEXT, "endpoints": _many(ENDPOINT)}
)
WAY = _shape(
    {
        "service_code": TEXT,
        "service_name": TEXT,
        "description": TEXT,
        "metadata": {"type": "boolean"},
        "type": {"type": "string", "enum": ["realtime", "batch", "blackbox"]},
        "keywords": TEXT,
        "group": TEXT,
    }
)
DATATYPES = ["string", "number", "datetime", "text", "singlevaluelist", "multivaluelist"]
ATTRIBUTE = _shape(
    {
        "variable": {"type": "boolean"},
        "code": TEXT,
        "datatype": {"type": "string", "enum": DATATYPES},
        "required": {"type": "boolean"},
        "datatype_description": TEXT,
        "description": TEXT,
        "order": {"type": "integer"},
        "values": _many(_shape({"key": TEXT, "name": TEXT})),
    }
)
DEFINITION = _shape({"service_code": TEXT, "attributes": _many(ATTRIBUTE)})
REQUEST = _shape(
    {
        "service_request_id": TEXT,
        "status": {"type": "string", "enum": list(STATES)},
        "service_name": TEXT,
        "service_code": TEXT,
        "agency_responsible": TEXT,
        "requested_datetime": INSTANT,
        "updated_datetime": INSTANT,
        **dict.fromkeys(REQUEST_KEYS, MAYBE),
    }
)
SUBMITTED = _shape({"service_request_id": TEXT, "service_notice": TEXT, "account_id": MAYBE})
TOKEN = _shape({"service_request_id": TEXT, "token": TEXT})


def _where(name: str, place: str, shape: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": place, "required": place == "path", "schema": shape}


ENDING = _where("ending", "path", {"type": "string", "enum": ["json", "xml"]})
JURISDICTION = _where("jurisdiction_id", "query", TEXT)
FILTERS = [
    _where("service_request_id", "query", TEXT),
    _where("service_code", "query", TEXT),
    _where("start_date", "query", INSTANT),
    _where("end_date", "query", INSTANT),
    _where("status", "query", {"type": "string", "enum": [*STATES, ",".join(STATES)]}),
    _where("page_size", "query", {"type": "integer", "minimum": 1, "maximum": MOST}),
]


def _call(name: str, about: str, shape: dict[str, Any], *asked: dict[str, Any]) -> dict[str, Any]:
    """Return one operation; every one may be refused in the standard's form."""
    refused = {"application/json": {"schema": FAULTS}, "text/xml": {}}
    return {
        "operationId": name,
        "summary": about,
        "parameters": [ENDING, *asked],
        "responses": {
            "200": {
                "description": about,
                "content": {"application/json": {"schema": shape}, "text/xml": {}},
            },
            "400": {
                "description": "refused; what holds a NUL is answered by a page",
                "content": {**refused, "text/html": {}},
            },
            **{
                code: {"description": text, "content": refused}
                for code, text in (
                    ("403", "the api_key is not valid"),
                    ("404", "there is no such thing"),
                    ("429", "too many calls; Retry-After says when to come again"),
                )
            },
        },
    }


def _submission() -> dict[str, Any]:
    properties = dict.fromkeys(SENT, TEXT)
    form = _shape({"service_code": TEXT}, **properties)
    with_photos = _shape(
        {"service_code": TEXT}, **properties, media=_many({"type": "string", "format": "binary"})
    )
    call = _call("submit", "Submit a request", _many(SUBMITTED))
    body = {
        "application/x-www-form-urlencoded": {"schema": form},
        "multipart/form-data": {"schema": with_photos},
    }
    return {
        **call,
        "description": "attribute[code]=value answers an attribute of the service definition; "
        "attribute[code][]=value several times a multivaluelist.",
        "requestBody": {"required": True, "content": body},
    }


def describe(address: str) -> dict[str, Any]:
    """Return the description, for calls below `address`."""
    code, number = _where("code", "path", TEXT), _where("number", "path", TEXT)
    return {
        "openapi": "3.0.3",
        "info": {
            "title": "Qianshou: Open311 GeoReport v2",
            "version": "2",
            "description": "http://wiki.open311.org/GeoReport_v2",
        },
        "servers": [{"url": address}],
        "paths": {
            "/discovery.{ending}": {"get": _call("discovery", "Where the calls are", DISCOVERY)},
            "/services.{ending}": {
                "get": _call("services", "The services", _many(WAY), JURISDICTION)
            },
            "/services/{code}.{ending}": {
                "get": _call("definition", "One service", DEFINITION, code, JURISDICTION)
            },
            "/requests.{ending}": {
                "get": _call("requests", "Requests", _many(REQUEST), JURISDICTION, *FILTERS),
                "post": _submission(),
            },
            "/requests/{number}.{ending}": {
                "get": _call("request", "One request", _many(REQUEST), number, JURISDICTION)
            },
            "/tokens/{code}.{ending}": {
                "get": _call("token", "The number of a receipt", _many(TOKEN), code, JURISDICTION)
            },
        },
    }


@require_safe
def page(request: HttpRequest) -> JsonResponse:
    """Return the description."""
    end = request.build_absolute_uri(reverse("open311-discovery", args=["json"]))
    return JsonResponse(describe(end.rpartition("/")[0]))
