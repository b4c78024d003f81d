"""Candidates of the last weeks, taken in by hand: each stands at another step of her enrolment."""

import base64
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from io import BytesIO
from typing import Any

from PIL import Image, ImageDraw

from qianshou.demo.children import identity_number
from qianshou.demo.names import GIRLS, GIVEN, SURNAMES
from qianshou.demo.playing import Play, actor
from qianshou.kernel.clock import day_of
from qianshou.kernel.registry.models import Division
from qianshou.packs.commission.care.enrolment import add_candidate, save_register
from qianshou.packs.commission.care.models import Child
from qianshou.packs.commission.care.pairing import cadres_for
from qianshou.packs.commission.care.pledges import GROUNDS, sign_on_paper, sign_on_phone

VILLAGE = "500111100001"


def enrol_candidates(play: Play) -> None:
    """Take three candidates in: one waits for a decision, one for her registers, one is enrolled."""
    _candidate(play, 2, 0)
    _child, matter, guardian = _candidate(play, 9, 1)
    _decide(play, matter, guardian, 8)
    child, matter, guardian = _candidate(play, 14, 2)
    _decide(play, matter, guardian, 12)
    at = play.when(9)
    by = actor("fang_ting", at)
    since, until = (play.today - timedelta(days=300), play.today + timedelta(days=300))
    told: dict[str, Mapping[str, Any]] = {
        "household": {"members": "祖母，与儿童同住", "housing": "safe"},
        "health": {"condition": "well", "vaccination": "complete"},
        "guardianship": {
            **_both_away(guardian, since),
            "carer": play.rng.choice(SURNAMES) + "桂芳",
            "carer_relation": "grandparent",
            "carer_age": 61,
            "grounds_checked": list(GROUNDS),
            "child_heard": "yes",
            "entrusted_from": since.isoformat(),
            "entrusted_to": until.isoformat(),
        },
    }
    for name, raw in told.items():
        save_register(child, name, raw, whole=True, by=by, at=at)
    play.do(matter, "registers", "fang_ting", at, filled="yes")
    able = [one.username for one in cadres_for(child.town, at=at)]
    cadre = "lin_yue" if "lin_yue" in able else able[0]
    play.do(matter, "pair", "deng_hong", play.when(6), cadre=cadre)
    _sign(child, play.when(3))
    play.do(matter, "pledges", "fang_ting", play.when(3, 16 * 60), signed="yes")


def _candidate(play: Play, ago: int, place: int) -> tuple[Child, int, str]:
    """Take a girl in by hand; return her, her enrolment's matter and her guardian's name."""
    rng, at = play.rng, play.when(ago)
    family = rng.choice(SURNAMES)
    guardian = family + rng.choice(GIVEN)
    born = play.today - timedelta(days=9 * 365 + rng.randrange(300))
    identity = {
        "name": family + "".join(rng.sample(GIRLS, 2)),
        "identity_number": identity_number(born, 900 + 2 * place),
        "birth_date": born.isoformat(),
        "address": f"龙水镇朝阳社区{place + 2}组",
        "phone": f"10{rng.randrange(10**9):09d}",
        "school": "龙水镇中心小学",
    }
    village = Division.objects.select_related("parent").get(code=VILLAGE)
    by = actor("deng_hong", at)
    child, receipt = add_candidate(identity, village, sex="F", stage="primary", by=by, at=at)
    since = play.today - timedelta(days=300)
    by = actor("fang_ting", at)
    save_register(child, "guardianship", _both_away(guardian, since), whole=True, by=by, at=at)
    return child, receipt.matter, guardian


def _both_away(guardian: str, since: date) -> dict[str, Any]:
    return {
        "father_away": "yes",
        "father_place": "广东省",
        "father_since": since.isoformat(),
        "mother_away": "yes",
        "mother_place": "浙江省",
        "mother_since": since.isoformat(),
        "contact_rhythm": "weekly",
        "ability": "able",
        "guardian": guardian,
        "guardian_relation": "father",
    }


def _decide(play: Play, matter: int, guardian: str, ago: int) -> None:
    at = play.when(ago)
    told = {"eligible": "yes", "evidence": ["visit", "village"], "grounds": "父母均在外地务工"}
    play.do(matter, "decide", "deng_hong", at, **told)
    at = play.when(ago - 1)
    informed = {"informed_on": day_of(at).isoformat(), "way": "phone", "answer": "understood"}
    play.do(matter, "inform", "fang_ting", at, told=guardian, **informed)


def _sign(child: Child, at: datetime) -> None:
    """Let the four pledges be signed, two on paper and two on a phone."""
    by = actor("fang_ting", at)
    for kind in ("duties", "prohibitions"):
        photo = _picture(f"SYNTHETIC {kind}", "JPEG")
        sign_on_paper(child, kind, photo, signer="guardian", signed_on=day_of(at), by=by, at=at)
    drawn = base64.b64encode(_picture("SYNTHETIC", "PNG")).decode()
    for kind, signer in (("commitment", "guardian"), ("entrustment", "carer")):
        url = f"data:image/png;base64,{drawn}"
        sign_on_phone(child, kind, signer=signer, drawn=url, by=by, at=at)


def _picture(text: str, form: str) -> bytes:
    """Return a picture of a signature that says that it is synthetic; the same bytes each time."""
    paper = Image.new("L", (300, 120), 250)
    drawing = ImageDraw.Draw(paper)
    drawing.text((20, 10), text, fill=120)
    drawing.line([(20, 90), (120, 50), (260, 80)], fill=20, width=4)
    stream = BytesIO()
    paper.save(stream, form)
    return stream.getvalue()
