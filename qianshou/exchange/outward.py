"""The one way out: a POST to an address that may be called, at the very machine that was checked.

Only https, and only to addresses of the public internet, so that nobody makes this server call
what lies behind it (server-side request forgery; OWASP SSRF Prevention Cheat Sheet). Hosts that
QIANSHOU_OUTBOUND_HOSTS names may also lie inside and speak http.
"""

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
    """Whether an IP address belongs to the public internet."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return found.is_global and not found.is_multicast


def post_outward(url: str, content: bytes, headers: Mapping[str, str]) -> bytes:
    """Send `content` and return the beginning of the answer; raises httpx.HTTPError or Refusal.

    The address is checked again and the checked machine called; redirections are not followed.
    """
    parts, address = check_url(url)
    at = f"[{address}]" if ":" in address else address
    where = f"{at}:{parts.port}" if parts.port else at
    pinned = parts._replace(netloc=where).geturl()
    sent = {**headers, "Host": parts.netloc, "User-Agent": "Qianshou"}
    named = {"sni_hostname": parts.hostname or ""}
    with (
        httpx.Client(trust_env=False, timeout=SECONDS) as client,
        client.stream("POST", pinned, content=content, headers=sent, extensions=named) as answer,
    ):
        answer.raise_for_status()
        if not answer.is_success:
            raise httpx.HTTPStatusError(
                f"answered {answer.status_code}", request=answer.request, response=answer
            )
        received = b""
        for part in answer.iter_bytes():
            received += part
            if len(received) >= LONGEST_ANSWER:
                break
        return received
