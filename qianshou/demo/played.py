"""Care in the last weeks: a fraction of it played through the real door, by the cast.

What is inserted fills the counts of 2024; what is played here stands at every step of its way.
The codes of children and the marks of wishes are drawn anew each time, as in life.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from qianshou.demo.candidates import VILLAGE, enrol_candidates
from qianshou.demo.children import Girl
from qianshou.demo.playing import Play, actor, holder
from qianshou.kernel import door
from qianshou.kernel.access import CLOCK, Actor
from qianshou.kernel.clock import day_of
from qianshou.kernel.door import acts
from qianshou.kernel.outbox import carry_out
from qianshou.kernel.registry.models import Officer
from qianshou.kernel.worklist.clockwork import next_timer
from qianshou.packs.commission.care.handover import open_handover
from qianshou.packs.commission.care.hazard import open_hazard
from qianshou.packs.commission.care.letter import open_letter
from qianshou.packs.commission.care.models import Child, SampleVisit, Wish
from qianshou.packs.commission.care.pairing import cadres_for
from qianshou.packs.commission.care.report import open_report
from qianshou.packs.commission.care.sample import draw_for, quarter_of
from qianshou.packs.commission.care.wish import claim_wish, open_wish

OFFICE = "longshui-office"
ASSIGNED = {"fixed_by": "organisation", "responsible": OFFICE, "verifier": "town"}
DANGERS = (
    ("water", "serious", "放学要经过没有围栏的水塘", "水塘边加装护栏，立警示牌"),
    ("dwelling", "ordinary", "灶房电线老化，插座松动", "更换灶房电线和插座"),
    ("dwelling", "serious", "屋檐的瓦片松动，雨天有掉落", "加固屋檐，清理松动的瓦片"),
    ("traffic", "ordinary", "上学路口没有减速带，车开得快", ""),
)
WISHED = (
    ("study", "under_100", "一盒水彩笔"),
    ("book", "under_100", "一套科普读物"),
    ("sport", "under_200", "一副羽毛球拍"),
    ("clothing", "under_200", "一双过冬的棉鞋"),
    ("study", "under_200", "一盏护眼台灯"),
)
SEEN_WELL = {
    "knows_cadre": "yes",
    "visits_true": "yes",
    "pledges_known": "yes",
    "hazards_gone": "yes",
    "registers_true": "yes",
    "outcome": "good",
}


def play_care(girls: Sequence[Girl], at: datetime, seed: int) -> None:
    """Play enrolments, hazards, wishes, letters, a hand-over, a sample and a report of harm.

    All lie on working days before `at`; this month's duties have been given out by then.
    """
    play = Play(at, seed)
    cadre = Officer.objects.get(username="lin_yue").pk
    codes = [girl.code for girl in girls if girl.cadre == cadre]
    if not codes:
        return
    found = Child.objects.select_related("circle", "town", "village__parent").in_bulk(
        codes, field_name="code"
    )
    own = [found[code] for code in codes]
    turn = [own[place % len(own)] for place in range(11)]
    _draw_sample(play, seed)
    enrol_candidates(play)
    _find_hazards(play, turn[:4])
    _collect_wishes(play, turn[4:9])
    _send_letters(play, turn[9:])
    _hand_over(play, own[-1])
    _report_harm(play)


def _find_hazards(play: Play, children: Sequence[Child]) -> None:
    """Find four hazards: verified, put right, assigned, open."""
    ways = ((12, 11, 7, 5), (8, 7, 1), (6, 5), (1,))
    for child, way, (kind, level, seen, wanted) in zip(children, ways, DANGERS, strict=True):
        at = play.when(way[0])
        told = {"hazard_kind": kind, "seen": seen}
        matter = open_hazard(child, told, by=actor("lin_yue", at), at=at).matter
        steps = (
            ("assign", "deng_hong", {**ASSIGNED, "level": level, "to_rectify": wanted}),
            ("rectify", "tan_yong", {"rectified": "已按要求整改，现场看过"}),
            ("verify", "deng_hong", {"hazard_verified": "ok"}),
        )
        for ago, (step, who, facts) in zip(way[1:], steps, strict=False):
            play.do(matter, step, who, play.when(ago, 15 * 60), **facts)


def _collect_wishes(play: Play, children: Sequence[Child]) -> None:
    """Collect five wishes: one is new, two are published, one is claimed, one granted."""
    for child, wish, ago in zip(children, WISHED, (2, 7, 8, 11, 16), strict=True):
        at = play.when(ago)
        matter = open_wish(child, *wish, told="孩子自己说的", by=actor("lin_yue", at), at=at).matter
        if ago > 2:
            told = {"approved": "yes", "public_text": wish[2]}
            play.do(matter, "approve", "deng_hong", play.when(ago - 1), **told)
        if ago == 11:
            _claim(play, matter)
        elif ago == 16:
            _grant(play, matter, child)


def _claim(play: Play, matter: int) -> None:
    donor = {"name": "何一山", "phone": f"10{play.rng.randrange(10**9):09d}"}
    told = {"donor_kind": "person", "donor": donor, "offer": "下周送到"}
    mark = Wish.objects.get(matter=matter).mark
    by = Actor("resident", receipt=f"{play.rng.getrandbits(256):064x}")
    gift = claim_wish(mark, told, by=by, at=play.when(4))
    accepted = {"gift_accepted": "yes", "gift_word": "谢谢，我们会联系您"}
    play.do(gift.matter, "accept", "zhou_jie", play.when(3), **accepted)
    carry_out(play.when(3))


def _grant(play: Play, matter: int, child: Child) -> None:
    found = {"sought": "found", "donor_name": "爱心人士"}
    play.do(matter, "seek", "deng_hong", play.when(13), **found)
    play.do(matter, "buy", "lin_yue", play.when(10), bought="已买好")
    at = play.when(8)
    play.do(matter, "deliver", "lin_yue", at, delivered_on=day_of(at).isoformat(), how="孩子很高兴")
    keeper = holder("village_child", f"v{child.village.code}")
    play.do(matter, "look", keeper, play.when(5), glad="yes")


def _send_letters(play: Play, children: Sequence[Child]) -> None:
    """Send two letters home: one waits for its answer, one was answered after a fortnight."""
    waiting, answered = children
    at = play.when(3)
    open_letter(waiting, "phone", by=actor("lin_yue", at), at=at)
    at = play.when(18)
    matter = open_letter(answered, "post", by=actor("lin_yue", at), at=at).matter
    at = play.when(2)
    timer = next_timer(matter, at)
    assert timer is not None
    door.act(acts.Fire(matter, timer[0]), by=CLOCK, at=timer[1])
    play.do(matter, "ask", "lin_yue", at, answered="yes", answer_way="call")


def _hand_over(play: Play, child: Child) -> None:
    """Hand a girl over from lin_yue to the least loaded cadre of the town."""
    at = play.lately(6)
    able = [one for one in cadres_for(child.town, at=at) if one.username != "lin_yue"]
    taker = Officer.objects.get(pk=able[0].officer)
    because = "原干部工作调整"
    by = actor("deng_hong", at)
    matter = open_handover(child, "cadre", at, by=by, taker=taker, because=because).matter
    told = {"note": "每周三晚上要陪她读信", "handed": ["family", "child"]}
    play.do(matter, "write", "lin_yue", play.lately(5), **told)
    play.do(matter, "accept", taker.username, play.lately(4), accepted="yes")
    play.do(matter, "confirm", "deng_hong", play.lately(3), confirmed="yes")
    carry_out(play.lately(3))


def _draw_sample(play: Play, seed: int) -> None:
    """Draw the quarter's sample; a visit by Longshui finds all well, one to it finds something."""
    at = play.lately(9)
    year, quarter = at.year, quarter_of(day_of(at))
    by = actor("zhou_jie", at)
    sample = draw_for(year, quarter, f"{seed}-{year}Q{quarter}", by=by, at=at)
    carry_out(at)
    visits = SampleVisit.objects.filter(sample=sample).select_related("organisation")
    poor = {
        **SEEN_WELL,
        "registers_true": "no",
        "outcome": "part",
        "finding": "孩子已换学校，台账还是旧的",
    }
    told = (
        (visits.filter(organisation__code=OFFICE), SEEN_WELL, 4),
        (visits.filter(child__village__parent__name="龙水镇"), poor, 2),
    )
    for rows, facts, ago in told:
        visit = rows.order_by("pk")[0]
        assert visit.matter_id is not None
        visitor = holder("town_team", visit.organisation.code)
        play.do(visit.matter_id, "visit", visitor, play.lately(ago), **facts)


def _report_harm(play: Play) -> None:
    """Let a teacher report harm, and the four receivers work on it up to the result."""
    told = {
        "signs": ["abandonment"],
        "told": "连着几天没有大人在家，孩子自己煮饭",
        "place": {"division": VILLAGE},
        "child_description": "二年级女生",
    }
    at = play.when(1, 9 * 60)
    matter = open_report(told, by=actor("xu_min", at), at=at).matter
    for place, who in enumerate(("yuan_bo", "pan_qi", "duan_rui", "shen_lan"), start=1):
        play.do(matter, "sign", who, at + timedelta(minutes=3 * place))
    accepted = {"receipt": "accept", "report_number": "演示接字1号"}
    play.do(matter, "receipt", "yuan_bo", at + timedelta(minutes=40), **accepted)
    protected = {"one_interview": True, "female_staff": True, "protected": "女民警到场陪同"}
    play.do(matter, "protect", "yuan_bo", at + timedelta(hours=2), **protected)
    placed = {"placement": "none", "guardian_measure": "guidance", "placed": "姑姑已接去照护"}
    play.do(matter, "place_child", "pan_qi", at + timedelta(hours=4), **placed)
    seen = {"oversight": "follow", "overseen": "已跟进"}
    play.do(matter, "oversee", "shen_lan", at + timedelta(hours=5), **seen)
