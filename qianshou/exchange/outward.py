"""The one way out: a POST to an address that may be called, at the very machine that was checked.

Only https, and only to addresses of the public internet, so that nobody makes this server call
what lies behind it (server-side request forgery; OWASP SSRF Prevention Cheat Sheet). Hosts that
QIANSHOU_OUTBOUND_HOSTS names may also lie inside and speak http.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

import httpx
from django.conf import settings

from qianshou.kernel.refusal import Refusal

SECONDS = 5.0
LONGEST_ANSWER = 64 * 1024
PORTS = {"http": 80, "https": 443}
GIVEN_OUT = ipaddress.ip_network("2000::/3")  # all that IANA has given out for use on the internet
TUNNELS = tuple(map(ipaddress.ip_network, ("2002::/16", "2001::/32")))  # 6to4, Teredo
PROTOCOLS = ipaddress.ip_network("192.0.0.0/24")  # IETF protocol assignments (RFC 6890)


class Unanswered(Exception):
    """A call that was not answered as it should be.

    It says the code or the kind of fault and never the address, which may itself be a secret.
    """


def check_url(url: str, field: str = "url") -> tuple[SplitResult, str]:
    """Return an address in parts, with the IP that its host has now.

    Refuses outward.url (no such address, or with a password in it), outward.https and
    outward.inside (a host inside, not named in the settings), outward.unknown (no such host).
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, parts, port = "", urlsplit(""), None
    if parts.scheme not in PORTS or not host or parts.username or not url.isascii():
        raise Refusal(
            "outward.url",
            "请写完整的网址，如 https://example.org/hook",
            "Write a whole address such as https://example.org/hook",
            field,
        )
    allowed = host in settings.OUTBOUND_HOSTS
    if parts.scheme != "https" and not allowed:
        raise Refusal("outward.https", "只能用 https", "Only https is called", field)
    try:
        found = socket.getaddrinfo(host, port or PORTS[parts.scheme], type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        found = []
    if not found:
        raise Refusal("outward.unknown", f"找不到主机 {host}", f"There is no host {host}", field)
    addresses = [str(one[4][0]) for one in found]
    if not allowed and not all(is_public(one) for one in addresses):
        raise Refusal(
            "outward.inside",
            "这个网址在内网；确需使用，请运维人员在 QIANSHOU_OUTBOUND_HOSTS 里写上它的主机名",
            "This address lies inside; if it is meant, QIANSHOU_OUTBOUND_HOSTS must name its host",
            field,
        )
    return parts, addresses[0]


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet.

    Of IPv6 only what is given out for it (2000::/3), without what carries an IPv4 address inside.
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return is_public(str(found.ipv4_mapped))
        if found not in GIVEN_OUT or any(found in tunnel for tunnel in TUNNELS):
            return False
    return found.is_global and not found.is_multicast and found not in PROTOCOLS


def post_outward(
    url: str, content: bytes, headers: Mapping[str, str], *, longest: int = 0
) -> bytes:
    """Send `content` and return up to `longest` bytes of the answer's body as they came.

    The address is checked again and the checked machine called; redirections are not followed.
    All of it is over after five seconds, however slowly the other side speaks. Raises Unanswered,
    or what `check_url` refuses.
    """
    parts, address = check_url(url)
    at = f"[{address}]" if ":" in address else address
    where = f"{at}:{parts.port}" if parts.port else at
    sent = {
        **headers,
        "Host": parts.netloc,
        "User-Agent": "Qianshou",
        "Accept-Encoding": "identity",
    }
    call = _call(
        parts._replace(netloc=where).geturl(), content, sent, parts.hostname or "", longest
    )
    try:
        return asyncio.run(asyncio.wait_for(call, SECONDS))
    except (TimeoutError, httpx.HTTPError) as error:
        raise Unanswered(f"no answer: {type(error).__name__}") from None


async def _call(
    pinned: str, content: bytes, headers: Mapping[str, str], host: str, longest: int
) -> bytes:
    named = {"sni_hostname": host}
    async with (
        httpx.AsyncClient(trust_env=False, timeout=SECONDS) as client,
        client.stream("POST", pinned, content=content, headers=headers, extensions=named) as answer,
    ):
        if not answer.is_success:
            raise Unanswered(f"answered {answer.status_code}")
        received = b""
        if longest:
            async for part in answer.aiter_raw():
                received += part
                if len(received) >= longest:
                    break
        return received[:longest]
