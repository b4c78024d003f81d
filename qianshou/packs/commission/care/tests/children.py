"""Children who do not exist, for the tests of care: registered with sheets, at the cast's village."""

import base64
from collections.abc import Mapping
from datetime import date, datetime
from io import BytesIO
from typing import Any

from django.db import connection
from PIL import Image, ImageDraw

from qianshou.kernel.access import Actor, actor_of
from qianshou.kernel.registry.models import Division, Officer
from qianshou.packs.commission.care.models import Child
from qianshou.packs.commission.care.models.child import GUARDIANSHIP, HEALTH, HOUSEHOLD
from qianshou.packs.commission.care.register import register_child
from qianshou.packs.commission.care.roster.identity import check_digit

BORN = date(2016, 5, 1)
NAME = "黎小满"
BOTH_AWAY = {
    "father_away": "yes",
    "father_since": "2026-02-10",
    "mother_away": "yes",
    "mother_since": "2026-03-01",
    "ability": "able",
    "guardian": "黎大海",
    "guardian_relation": "father",
}
ENTRUSTED = {
    "carer": "田桂芳",
    "carer_relation": "grandparent",
    "carer_age": 58,
    "grounds_checked": ["crime", "addiction", "neglect", "unfit"],
    "child_heard": "yes",
    "entrusted_from": "2026-02-10",
    "entrusted_to": "2027-02-09",
}


def number_of(birth: date, order: int = 2) -> str:
    """Return a synthetic identity number; an even order is a girl's."""
    seventeen = f"500199{birth:%Y%m%d}{order:03d}"
    return seventeen + check_digit(seventeen)


def actor(username: str, at: datetime) -> Actor:
    """Return somebody of the cast with the seats held now."""
    return actor_of(Officer.objects.get(username=username), at)


def village() -> Division:
    """Return the village of 方婷."""
    return Division.objects.get(code="500111100001")


def make_child(
    at: datetime,
    *,
    birth: date = BORN,
    order: int = 2,
    by: str = "fang_ting",
    name: str = NAME,
    guardianship: Mapping[str, Any] = BOTH_AWAY,
) -> Child:
    """Register a girl of the village with her four sheets."""
    identity = {
        "name": name,
        "identity_number": number_of(birth, order),
        "birth_date": birth.isoformat(),
        "address": "朝阳社区二组",
    }
    return register_child(
        identity,
        village(),
        sex="F",
        stage="primary",
        sheets={
            HOUSEHOLD: {"members": "祖母"},
            HEALTH: {"condition": "well"},
            GUARDIANSHIP: guardianship,
        },
        by=actor(by, at),
        at=at,
    )


def photo() -> bytes:
    """Return a small photograph."""
    out = BytesIO()
    Image.new("RGB", (40, 30), "white").save(out, "JPEG")
    return out.getvalue()


def drawing(ink: str = "black") -> str:
    """Return a signature as the page sends it: a transparent PNG with a stroke, as data URL."""
    image = Image.new("RGBA", (300, 120), (0, 0, 0, 0))
    if ink:
        ImageDraw.Draw(image).line([(20, 90), (120, 30), (260, 80)], fill=ink, width=4)
    out = BytesIO()
    image.save(out, "PNG")
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()


def ledger_text() -> str:
    """Return everything that stands in the ledger, as text."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM ledger_entry")
        return str(cursor.fetchall())
