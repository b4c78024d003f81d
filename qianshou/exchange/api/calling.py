"""Who calls and how it is answered: tokens with scopes, limits, refusals as problem documents.

A refusal is `application/problem+json` (RFC 9457) with its code, both languages and the field.
"""

import json
from datetime import timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema
from ninja.parser import Parser
from ninja.security import HttpBearer

from qianshou.design.headers import address_of
from qianshou.design.refused import language
from qianshou.kernel.access import Actor
from qianshou.kernel.clock import now
from qianshou.kernel.limits.counting import Limit, TooMany, spend
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.tokens.keeping import actor_of_token, find_token

CALLS = Limit("api", 600, timedelta(minutes=10))
STRANGERS = Limit("api-stranger", 30, timedelta(minutes=10))
PROBLEM = "application/problem+json"
CODES = {
    "access.denied": 403,
    "api.scope": 403,
    "api.none": 404,
    "door.no_matter": 404,
    "door.no_task": 404,
    "pack.start": 404,
    "indicator.unknown": 404,
    "door.already_done": 409,
    "door.claimed": 409,
    "door.closed": 409,
    "door.suspended": 409,
    "vault.erased": 410,
    "limit.spent": 429,
}
TEXT = {"type": "string"}
FAULT = {
    "type": "object",
    "required": ["code", "zh", "en", "field"],
    "properties": {"code": TEXT, "zh": TEXT, "en": TEXT, "field": TEXT},
}
PROBLEM_SHAPE = {
    "type": "object",
    "required": ["type", "title", "status", "code", "zh", "en", "field", "errors"],
    "properties": {
        "type": TEXT,
        "title": TEXT,
        "status": {"type": "integer"},
        **FAULT["properties"],  # type: ignore[dict-item]
        "errors": {"type": "array", "items": FAULT},
    },
}
ANSWERED = {
    "400": "not to be read; what holds a NUL in its address is answered by a page",
    "401": "no token, or none that works",
    "403": "neither the token's scopes nor the seat allow it",
    "404": "there is no such thing, or the seat may not see it",
    "409": "somebody was faster, or it is closed or suspended",
    "410": "the person has been erased",
    "422": "refused: each error says its field",
    "429": "too many calls; Retry-After says when to come again",
}


class Bearer(HttpBearer):
    """Lets in who shows a token that works; strangers are counted by address, and however many
    there are, whoever has a token comes in from the same address.
    """

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        """Return the token that is shown, or None."""
        at = now()
        found = find_token(token, at)
        if found is None:
            spend(STRANGERS, address_of(request), at)
            return None
        spend(CALLS, str(found.pk), at)
        return found


class CleanParser(Parser):
    """Reads bodies of JSON whose text every database can hold: no NUL, no half of a character."""

    def parse_body(self, request: HttpRequest) -> Any:
        """Return what the body holds; ValueError where it is no such JSON."""
        told = json.loads(request.body)
        json.dumps(told, ensure_ascii=False).encode()
        if _holds_nul(told):
            raise ValueError("the body holds a NUL")
        return told


def _holds_nul(told: Any) -> bool:
    if isinstance(told, str):
        return "\0" in told
    if isinstance(told, dict):
        return any(_holds_nul(part) for pair in told.items() for part in pair)
    return isinstance(told, list) and any(_holds_nul(part) for part in told)


class Described(NinjaAPI):
    """The interface, whose description tells of every way in which a call may be refused."""

    def get_openapi_schema(self, **asked: Any) -> OpenAPISchema:
        """Return the OpenAPI document."""
        schema = super().get_openapi_schema(**asked)
        problem = {PROBLEM: {"schema": PROBLEM_SHAPE}}
        for calls in schema["paths"].values():
            for call in calls.values():
                call["responses"] = {
                    **{str(code): told for code, told in call["responses"].items()},
                    **{
                        code: {"description": text, "content": dict(problem)}
                        for code, text in ANSWERED.items()
                    },
                }
                call["responses"]["400"]["content"]["text/html"] = {}
        return schema


api = Described(
    title="Qianshou: officers' systems",
    version="1",
    description="Everything is done as the officer who agreed to the token. "
    "Refusals are application/problem+json with code, zh, en and field.",
    auth=Bearer(),
    parser=CleanParser(),
    docs_url=None,
    openapi_url="openapi.json",
    urls_namespace="api",
)


def caller(request: HttpRequest, scope: str) -> Actor:
    """Return as whom the caller acts; Refusal api.scope where the token has not this scope."""
    token = request.auth  # type: ignore[attr-defined]
    if scope not in token.scopes:
        raise Refusal(
            "api.scope",
            f"这个令牌没有“{scope}”权限",
            f"This token has not the scope “{scope}”",
            "scope",
        )
    return actor_of_token(token, now())


def none() -> Refusal:
    """Return the answer for what does not exist, or may not be seen."""
    return Refusal("api.none", "没有这一项", "There is no such thing")


def _told(refusal: Refusal) -> dict[str, str]:
    return {
        "code": refusal.code,
        "zh": refusal.zh,
        "en": refusal.en,
        "field": refusal.field or "",
    }


def problem(code: int, *refusals: Refusal) -> HttpResponse:
    """Return refusals as one problem document with an HTTP code."""
    first = refusals[0]
    told = {
        "type": "about:blank",
        "title": first.text(language()),
        "status": code,
        **_told(first),
        "errors": [_told(refusal) for refusal in refusals],
    }
    content = json.dumps(told, ensure_ascii=False)
    response = HttpResponse(content, content_type=PROBLEM, status=code)
    if isinstance(first, TooMany):
        response.headers["Retry-After"] = str(first.minutes * 60)
    return response


@api.exception_handler(Refusal)
def _refused(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    return problem(CODES.get(refusal.code, 422), refusal)


@api.exception_handler(Refusals)
def _refused_several(request: HttpRequest, refused: Refusals) -> HttpResponse:
    return problem(422, *refused.refusals)


@api.exception_handler(AuthenticationError)
def _stranger(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    refusal = Refusal(
        "api.token",
        "没有令牌，或令牌无效、未经本人同意、已停用",
        "No token, or none that works",
        "Authorization",
    )
    response = problem(401, refusal)
    response.headers["WWW-Authenticate"] = "Bearer"
    return response


@api.exception_handler(ValidationError)
def _unreadable(request: HttpRequest, error: ValidationError) -> HttpResponse:
    return problem(
        422,
        *(
            Refusal("api.field", "格式不对", one["msg"], ".".join(str(part) for part in one["loc"]))
            for one in error.errors
        ),
    )


@api.exception_handler(Http404)
def _missing(request: HttpRequest, error: Http404) -> HttpResponse:
    return problem(404, none())


@api.exception_handler(HttpError)
def _no_json(request: HttpRequest, error: HttpError) -> HttpResponse:
    return problem(error.status_code, Refusal("api.json", "内容不是可读的 JSON", str(error)))
