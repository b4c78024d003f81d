"""Seeded rosters and pupils' lists with known truth: sets S, H, X and L, or any size.

A family has a surname, a guardian, a telephone, a village; children of it are pupils, girls of
it stand on a town's roster. Both lists are then typed badly: wrong characters, lunar days,
numbers that a spreadsheet cut, a neighbour's number. Names come from our own pools; every id
begins with 500199 and every telephone with 10, so that no living person is written down.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import accumulate
from random import Random
from typing import Any

import pyarrow as pa

SURNAMES = (
    "李王张刘陈杨黄周吴胡唐罗曾邓彭何谭蒋廖冉田秦向赵徐蒲熊龙程肖冯郑夏余袁谢任贺朱汪潘石杜"
    "游万姜郭孙代覃马牟苏雷梁韩刁文魏庞贾段阳艾戴幸舒颜蔡严毛付江侯尹邹白傅叶高许申董吕卢宋"
)
COMPOUND = ("欧阳", "司马", "上官")
FIRSTS = "欣雨梓子思佳诗紫语雅若可梦依心馨美婉静晓小玉春秋海丽红艳燕云兰芳雪冰文慧嘉怡晨清金家俊浩"
SECONDS = "怡涵萱琪彤瑶婷轩妍悦蕾琳颖雯洁欣宁娟丽红芳英霞梅玲莉兰花燕凤敏静雪月君豪杰宇辰鑫涛强伟林"
SOUNDS = {
    "欣": "新心馨", "怡": "仪宜", "涵": "含晗", "萱": "宣", "琪": "其淇", "婷": "廷庭", "妍": "言研",
    "悦": "月越", "琳": "林霖", "颖": "影", "雯": "文纹", "丽": "莉利", "红": "宏洪", "芳": "方",
    "英": "瑛", "霞": "侠", "梅": "玫", "玲": "灵铃", "莉": "丽利", "娟": "涓", "静": "靖", "敏": "闽",
    "雨": "宇羽", "梓": "子紫", "思": "丝诗", "佳": "家嘉", "诗": "思", "语": "雨", "依": "伊", "晓": "小",
    "小": "晓", "玉": "育", "兰": "蓝南", "慧": "惠会", "嘉": "佳", "辰": "晨", "晨": "辰陈", "宁": "林凌",
    "林": "宁", "花": "发", "凤": "奉", "张": "章", "周": "邹", "向": "相", "程": "陈", "陈": "程",
}  # fmt: skip
LOOKS = {
    "涵": "函", "萱": "宣", "婷": "娉", "妍": "研", "悦": "悅说", "瑶": "谣", "蕾": "雷", "琳": "淋", "颖": "颍",
    "洁": "浩", "娟": "捐", "玲": "冷", "燕": "蒸", "敏": "敬", "静": "净", "雪": "雷", "杰": "然", "思": "恩",
    "佳": "桂", "紫": "素", "雅": "稚", "晓": "绕", "春": "舂", "清": "请", "云": "去", "文": "又", "浩": "洁",
}  # fmt: skip
TRADITIONAL = {
    "张": "張", "刘": "劉", "陈": "陳", "杨": "楊", "黄": "黃", "吴": "吳", "罗": "羅", "邓": "鄧", "谭": "譚",
    "蒋": "蔣",
    "赵": "趙", "龙": "龍", "冯": "馮", "郑": "鄭", "丽": "麗", "红": "紅", "云": "雲", "兰": "蘭", "轩": "軒",
    "颖": "穎",
    "洁": "潔", "凤": "鳳", "梦": "夢", "语": "語", "诗": "詩", "静": "靜", "玲": "玲", "艳": "艷", "晓": "曉",
    "杰": "傑",
}  # fmt: skip
TOWNS = re.findall(
    "..",
    "龙水宝顶中敖三驱珠溪玉龙宝兴金山万古国梁雍溪石马拾万回龙高升季家龙石高坪古龙铁山"
    "邮亭智凤棠香龙岗龙滩双路通桥",
)
STREETS = frozenset(["智凤", "棠香", "龙岗", "龙滩", "双路", "通桥"])
VILLAGES = re.findall(
    "..",
    "保家高坡团结新民石桥双塘柏林金竹大堰红星明月长河水井黄桷白果龙井天台青龙观音永丰"
    "五星新石转洞复隆佛会东岳铁门石门古佛大旗",
)
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
FIRST_DAY = date(2009, 9, 1)
DAYS = 3285


@dataclass(frozen=True)
class Plan:
    """A set: sizes, how often the roster lacks an id, how much worse than S its errors are."""

    roster: int
    pupils: int
    id_missing: float
    errors: float
    seed: int
    districts: int = 1


PLANS = {
    "S": Plan(20_000, 100_000, 0.065, 1, 101),
    "H": Plan(20_000, 100_000, 0.30, 2, 102),
    "X": Plan(20_000, 100_000, 0.50, 3, 103),
    "L": Plan(200_000, 1_000_000, 0.065, 1, 104, 10),
}


@dataclass
class Lists:
    """Two tables, the true pairs of their rows, and the fields that were typed wrongly."""

    roster: pa.Table
    pupils: pa.Table
    pairs: set[tuple[int, int]]
    roster_errors: dict[int, set[str]] = field(default_factory=dict)
    pupil_errors: dict[int, set[str]] = field(default_factory=dict)


FIELDS = (
    "name", "id_number", "birth_date", "sex", "town", "village", "school", "guardian", "phone",
)  # fmt: skip


def make_lists(plan: Plan, thin: bool = False) -> Lists:
    """Return the set of `plan`; `thin` leaves name, id, birth date, sex and town."""
    chance = Random(plan.seed)
    children = _bear_children(plan, chance)
    girls = [child for child in children if child["sex"] == "女"]
    on_roster = chance.sample(girls, min(plan.roster, len(girls)))
    absent = {id(child) for child in on_roster if chance.random() < 0.05}
    pupils = [child for child in children if id(child) not in absent][: plan.pupils]
    pupil_rows: dict[int, list[int]] = {}
    typed_b, errors_b, typed_a, errors_a = [], {}, [], {}
    places = list(pupils)
    places += [child for child in pupils if chance.random() < 0.005]
    chance.shuffle(places)
    for row, child in enumerate(places, 2):
        again = id(child) in pupil_rows
        pupil_rows.setdefault(id(child), []).append(row)
        typed, wrong = _type(child, chance, 0.3 * plan.errors, 0.02, 0.0012, children, again)
        typed_b.append((row, typed))
        errors_b[row] = wrong
    pairs = set()
    rows = list(on_roster)
    rows += [child for child in on_roster if chance.random() < 0.015]
    for row, child in enumerate(rows, 2):
        typed, wrong = _type(
            child, chance, plan.errors, plan.id_missing, 0.004 * plan.errors, children, False
        )
        typed_a.append((row, typed))
        errors_a[row] = wrong
        pairs |= {(row, pupil) for pupil in pupil_rows.get(id(child), ())}
    fields = ("name", "id_number", "birth_date", "sex", "town") if thin else FIELDS
    return Lists(_tabulate(typed_a, fields), _tabulate(typed_b, fields), pairs, errors_a, errors_b)


def _tabulate(typed: list[Any], fields: tuple[str, ...]) -> pa.Table:
    columns = {"row": pa.array([row for row, _ in typed], pa.int64())}
    for name in fields:
        columns[name] = pa.array([one[name] for _, one in typed], pa.string())
    return pa.table(columns)


def _bear_children(plan: Plan, chance: Random) -> list[dict[str, Any]]:
    surnames = [*SURNAMES, *COMPOUND]
    shares = list(accumulate(1 / (rank + 3) ** 0.9 for rank in range(len(surnames))))
    firsts = list(accumulate(1 / (rank + 4) ** 0.6 for rank in range(len(FIRSTS))))
    seconds = list(accumulate(1 / (rank + 4) ** 0.6 for rank in range(len(SECONDS))))
    pick = chance.choices

    def give_name(surname: str) -> str:
        second = pick(SECONDS, cum_weights=seconds)[0]
        if chance.random() < 0.12:
            return surname + second
        return surname + pick(FIRSTS, cum_weights=firsts)[0] + second

    needed = plan.pupils + int(plan.roster * 0.06) + 10
    children: list[dict[str, Any]] = []
    taken: set[str] = set()
    while len(children) < needed:
        surname, mother = pick(surnames, cum_weights=shares, k=2)
        district = chance.randrange(plan.districts)
        town = chance.choice(TOWNS)
        family = {
            "surname": surname,
            "town": town,
            "district": district,
            "village": chance.choice(VILLAGES),
            "father": give_name(surname),
            "mother": give_name(mother),
            "phone": f"10{chance.randrange(10**9):09d}",
        }
        born = FIRST_DAY + timedelta(days=chance.randrange(DAYS))
        children.append(_bear(family, give_name(surname), born, "", chance, taken))
        draw = chance.random()
        if draw < 0.008:
            sex = children[-1]["sex"] if chance.random() < 0.7 else ""
            children.append(
                _bear(family, _sister(children[-1], give_name, chance), born, sex, chance, taken)
            )
        elif draw < 0.168:
            later = born + timedelta(days=chance.randrange(400, 2200))
            children.append(
                _bear(family, _sister(children[-1], give_name, chance), later, "", chance, taken)
            )
    return children


def _sister(child: dict[str, Any], give_name: Callable[[str], str], chance: Random) -> str:
    """Return a name that shares the character of a generation with the sister's, one time in two."""
    name = give_name(child["surname"])
    while name == child["name"]:
        name = give_name(child["surname"])
    given = child["name"][len(child["surname"]) :]
    if len(given) == 2 and chance.random() < 0.5:
        other = chance.choice(SECONDS.replace(given[1], ""))
        return f"{child['surname']}{given[0]}{other}"
    return name


def _bear(
    family: dict[str, Any], name: str, born: date, sex: str, chance: Random, taken: set[str]
) -> dict[str, Any]:
    sex = sex or chance.choice("男女")
    while True:
        order = chance.randrange(500) * 2 + (sex == "男")
        first = f"500199{born:%Y%m%d}{order:03d}"
        if first not in taken:
            break
    taken.add(first)
    total = sum(int(digit) * weight for digit, weight in zip(first, WEIGHTS, strict=True))
    number = first + "10X98765432"[total % 11]
    grade = "小学" if born >= date(2013, 9, 1) else "中学"
    school = f"{family['town']}{chance.choice(('第一', '第二', '中心', '实验'))}{grade}"
    return {
        **family, "name": name, "born": born, "sex": sex, "id_number": number, "school": school,
        "guardian": family["father"],
    }  # fmt: skip


def _mistype_name(name: str, chance: Random) -> str:
    at = chance.randrange(len(name))
    character = name[at]
    draw = chance.random()
    if draw < 0.40 and character in SOUNDS:
        other = chance.choice(SOUNDS[character])
    elif draw < 0.60 and character in LOOKS:
        other = chance.choice(LOOKS[character])
    elif draw < 0.80 and character in TRADITIONAL:
        other = TRADITIONAL[character]
    elif draw < 0.90 and len(name) > 2:
        return name[:-2] + name[-1]
    else:
        at = len(name) - 1
        other = chance.choice(SECONDS)
    return name[:at] + other + name[at + 1 :]


def _mistype_number(number: str, chance: Random) -> str:
    draw = chance.random()
    if draw < 0.35:
        return number[:15] + "000"
    if draw < 0.45:
        return number[:17]
    at = chance.randrange(6, 17)
    if draw < 0.65 and at < 16 and number[at] != number[at + 1]:
        return number[:at] + number[at + 1] + number[at] + number[at + 2 :]
    digit = str((int(number[at]) + chance.randrange(1, 10)) % 10)
    return number[:at] + digit + number[at + 1 :]


def _misdate(born: date, chance: Random) -> date:
    draw = chance.random()
    if draw < 0.5:
        return born - timedelta(days=chance.randrange(19, 50))
    if draw < 0.7:
        return born + timedelta(days=chance.choice((-9, -2, -1, 1, 2, 9)))
    if draw < 0.85:
        return born + timedelta(days=chance.choice((-365, 365)))
    return born + timedelta(days=chance.choice((-300, -100, -60, 60, 100, 300)))


SPELLINGS = (
    "{y}-{m:02d}-{d:02d}", "{y}-{m}-{d}", "{y}年{m}月{d}日", "{y}.{m}.{d}", "{y}/{m}/{d}", "{y}{m:02d}{d:02d}",
    "{y}/{m}/{d} 0:00:00",
)  # fmt: skip


def _type(
    child: dict[str, Any],
    chance: Random,
    errors: float,
    id_missing: float,
    other_number: float,
    children: list[dict[str, Any]],
    elsewhere: bool,
) -> tuple[dict[str, Any], set[str]]:
    """Return the child's row as somebody types it, and the fields that are wrong in it."""
    wrong: set[str] = set()
    roll = chance.random
    name, number, born = child["name"], child["id_number"], child["born"]
    if roll() < 0.052 * errors:
        name = _mistype_name(name, chance)
        if name != child["name"]:
            wrong.add("name")
    if roll() < 0.02:
        name = f"{name[0]} {name[1:]}"
    if roll() < id_missing:
        number = None
    elif roll() < other_number:
        at = chance.randrange(len(children))
        number = children[at]["id_number"]
        if roll() < 0.17:
            near = [
                one
                for one in children[max(0, at - 2) : at + 3]
                if one["phone"] == children[at]["phone"]
            ]
            number = chance.choice(near)["id_number"]
        wrong.add("id_number")
    elif roll() < 0.03 * errors:
        number = _mistype_number(number, chance)
        wrong.add("id_number")
    elif roll() < 0.1:
        number = number.lower()
    if roll() < 0.03 * errors:
        born = _misdate(born, chance)
        wrong.add("birth_date")
    spelling = chance.choice(SPELLINGS)
    birth_date: str | None = spelling.format(y=born.year, m=born.month, d=born.day)
    if roll() < 0.02 * errors:
        birth_date = None
        wrong.discard("birth_date")
    town = child["town"]
    if roll() < 0.01 * errors:
        town = chance.choice(TOWNS)
        if town != child["town"]:
            wrong.add("town")
    ending = "街道" if town in STREETS else "镇"
    town_text = chance.choice((town + ending, town + ending, f"大足区{town}{ending}", town))
    village = child["village"]
    if roll() < 0.03 * errors:
        village = chance.choice(VILLAGES)
        if village != child["village"]:
            wrong.add("village")
    village_text: str | None = chance.choice(
        (
            village + "村",
            village,
            village + "村委会",
            f"{town}{ending}{village}村{chance.randrange(1, 9)}组",
        )
    )
    if roll() < 0.05 * errors:
        village_text = None
    school = child["school"]
    if elsewhere or roll() < 0.04 * errors:
        school = chance.choice(TOWNS) + "第三小学"
        wrong.add("school")
    short = school.replace("第一", "一").replace("第二", "二").replace("小学", "小")
    school_text: str | None = chance.choice(
        (school, school, f"大足区{school}", school + "校" if "小学" in school else short)
    )
    if roll() < 0.08 * errors:
        school_text = None
    guardian = child["guardian"]
    if roll() < 0.06 * errors:
        guardian = child["mother"]
        wrong.add("guardian")
    elif roll() < 0.03 * errors:
        guardian = _mistype_name(guardian, chance)
        if guardian != child["guardian"]:
            wrong.add("guardian")
    if roll() < 0.08 * errors:
        guardian = None
    phone = child["phone"]
    if roll() < 0.08 * errors:
        phone = f"10{chance.randrange(10**9):09d}"
        wrong.add("phone")
    if roll() < 0.1:
        phone = f"{phone[:3]}-{phone[3:7]}-{phone[7:]}"
    if roll() < 0.1 * errors:
        phone = None
    return {
        "name": name, "id_number": number, "birth_date": birth_date, "sex": child["sex"], "town": town_text,
        "village": village_text, "school": school_text, "guardian": guardian, "phone": phone,
    }, wrong  # fmt: skip
