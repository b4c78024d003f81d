"""What every answer of the house must carry, whoever asked for whatever."""

from typing import Any

ALWAYS = {
    "Content-Security-Policy": ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"),
    "Permissions-Policy": ("camera=()", "microphone=()", "geolocation=()"),
    "Cross-Origin-Opener-Policy": ("same-origin",),
    "Cross-Origin-Resource-Policy": ("same-origin",),
    "Referrer-Policy": ("same-origin",),
    "X-Content-Type-Options": ("nosniff",),
    "Cache-Control": ("no-store",),
}
# The rows of the worklist are asked for again and again: kept, but never shown unasked.
KEPT = "private, no-cache"


def lacking(answer: Any) -> list[str]:
    """Return what an answer lacks of the headers and of the marks of its cookies."""
    found = [
        f"{header}: {words}"
        for header, told in ALWAYS.items()
        for words in told
        if words not in answer.headers.get(header, "")
        and not (header == "Cache-Control" and answer.headers.get(header) == KEPT)
    ]
    if "unsafe" in answer.headers["Content-Security-Policy"]:
        found.append("unsafe")
    for name, cookie in answer.cookies.items():
        if cookie["samesite"] != "Lax" or (not cookie["httponly"] and name != "theme"):
            found.append(f"cookie {name}")
    return found
