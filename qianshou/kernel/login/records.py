"""The record of log-ins (登录记录): kept for half a year, as the law asks, and not for longer.

网络安全法（2025 修正）第二十三条（三）, before the revision 第二十一条（三）: not less than six months.
"""

import re
from datetime import datetime, timedelta

from qianshou.kernel.login.models import LoginRecord

KEPT = timedelta(days=190)
BROWSERS = (
    ("Edge", r"\bEdgA?/"),
    ("Firefox", r"\bFirefox/"),
    ("WeChat", r"\bMicroMessenger/"),
    ("Chrome", r"\bChrom(?:e|ium)/"),
    ("Safari", r"\bSafari/"),
)
SYSTEMS = (
    ("Android", r"\bAndroid\b"),
    ("HarmonyOS", r"\b(?:HarmonyOS|OpenHarmony)\b"),
    ("iOS", r"\b(?:iPhone|iPad)\b"),
    ("Windows", r"\bWindows\b"),
    ("macOS", r"\bMac OS X\b"),
    ("Linux", r"\bLinux\b"),
)


def note_login(
    kind: str, officer: int | None, *, at: datetime, way: str = "", address: str, device: str
) -> None:
    """Record that somebody came in, was refused, left, or was made to leave."""
    LoginRecord.objects.create(
        kind=kind, officer_id=officer, way=way, address=address[:45], device=device[:200], at=at
    )


def device_words(told: str) -> str:
    """Return browser and system of what a browser says of itself, such as "Chrome · Windows"."""
    found = [
        next((name for name, pattern in known if re.search(pattern, told)), "")
        for known in (BROWSERS, SYSTEMS)
    ]
    return " · ".join(name for name in found if name) or told[:40]


def forget_logins(at: datetime) -> int:
    """Remove the records whose half year is over; returns how many."""
    over = LoginRecord.objects.filter(at__lt=at - KEPT)
    return over.delete()[0] if over.exists() else 0  # no lock where there is nothing to do
