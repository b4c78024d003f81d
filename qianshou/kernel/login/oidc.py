"""Single sign-on (统一登录): OpenID Connect 1.0, authorization code with PKCE (RFC 7636).

Off unless the settings name a provider. A person is known by the provider's stable `sub` alone.
"""

import logging
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import httpx
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from django.conf import settings
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from qianshou.kernel.refusal import Refusal

ALGORITHMS = ["RS256", "PS256", "ES256", "ES384", "Ed25519"]
LEEWAY = 60  # seconds that the provider's clock may differ
PATIENCE = 10.0  # seconds for each answer
LOOPBACK = ("127.0.0.1", "::1", "localhost")
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Provider:
    """Who vouches for people: its issuer, and what this house is to it."""

    issuer: str
    client: str
    secret: str


@dataclass(frozen=True)
class Asked:
    """One request to a provider: the address to send the browser to, and what must come back."""

    address: str
    state: str
    nonce: str
    verifier: str


def failed() -> Refusal:
    """Return the answer where the provider did not vouch for somebody; why is in the server's log."""
    return Refusal(
        "oidc.failed",
        "统一登录没有成功；请再试一次，或用账号和密码登录",
        "The single sign-on did not succeed; try again, or log in with account and password",
        "",
    )


def provider() -> Provider | None:
    """Return the provider that the settings name; None without issuer, client and secret."""
    told = (settings.OIDC_ISSUER, settings.OIDC_CLIENT, settings.OIDC_SECRET)
    return Provider(*told) if all(told) else None


def ask(one: Provider, back: str) -> Asked:
    """Return a new request whose answer goes to the address `back`; Refusal oidc.failed."""
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    query = {
        "response_type": "code",
        "scope": "openid",
        "client_id": one.client,
        "redirect_uri": back,
        "state": state,
        "nonce": nonce,
        "code_challenge": create_s256_code_challenge(verifier),
        "code_challenge_method": "S256",
    }
    address = _endpoint(_discover(one), "authorization_endpoint")
    joined = "&" if urlsplit(address).query else "?"
    return Asked(f"{address}{joined}{urlencode(query)}", state, nonce, verifier)


def subject_of(
    one: Provider, code: str, back: str, *, verifier: str, nonce: str, at: datetime
) -> str:
    """Return issuer and `sub` of whoever the code stands for; Refusal oidc.failed.

    The ID token's signature, issuer, audience, party, times, nonce and at_hash are checked
    (OpenID Connect Core 1.0 §3.1.3.7).
    """
    told = _discover(one)
    sent = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": back,
        "code_verifier": verifier,
    }
    known = (quote(one.client, safe=""), quote(one.secret, safe=""))  # RFC 6749 §2.3.1
    answer = _fetch("POST", _endpoint(told, "token_endpoint"), data=sent, auth=known)
    keys = _fetch("GET", _endpoint(told, "jwks_uri"))
    try:
        token = jwt.decode(
            answer["id_token"],
            KeySet.import_key_set(keys),  # type: ignore[arg-type]
            algorithms=ALGORITHMS,
        )
        claims = CodeIDToken(
            token.claims,
            token.header,
            options={"iss": {"value": one.issuer}, "aud": {"value": one.client}},
            params={
                "nonce": nonce,
                "client_id": one.client,
                "access_token": answer.get("access_token"),
            },
        )
        claims.validate(now=int(at.timestamp()), leeway=LEEWAY)
    except (JoseError, KeyError, TypeError, ValueError) as error:
        log.warning("the provider's ID token is not accepted: %r", error)
        raise failed() from error
    return f"{one.issuer} {claims['sub']}"


def _discover(one: Provider) -> dict[str, Any]:
    told = _fetch("GET", f"{one.issuer.rstrip('/')}/.well-known/openid-configuration")
    if told.get("issuer") != one.issuer:
        log.warning("the provider calls itself %r", told.get("issuer"))
        raise failed()
    return told


def _endpoint(told: dict[str, Any], name: str) -> str:
    address = str(told.get(name, ""))
    _refuse_open(address)
    return address


def _refuse_open(address: str) -> None:
    """Refuse an address without TLS, but for a provider on this very machine."""
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        log.warning("the provider's address %r is not https", address)
        raise failed()


def _fetch(method: str, address: str, **sent: Any) -> dict[str, Any]:
    _refuse_open(address)
    try:
        answer = httpx.request(method, address, timeout=PATIENCE, follow_redirects=False, **sent)
        answer.raise_for_status()
        told = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        log.warning("the provider does not answer: %r", error)
        raise failed() from error
    if not isinstance(told, dict):
        raise failed()
    return told
