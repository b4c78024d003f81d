"""Towns, villages and schools as people shorten them."""

import re

from qianshou.packs.commission.care.crosscheck.characters import simplify, unify_width
from qianshou.packs.commission.care.crosscheck.cleaning import BRACKETS, is_empty

_ABOVE = re.compile(
    r"^(?:[^省市区县旗镇乡]{2,4}(?:省|自治区))?(?:[^市区县镇乡]{2,4}市)?"
    r"(?:[^市区县镇乡]{1,4}(?<![社小])[区县])?"
)
_TOWN = re.compile(r"^(.{1,8}?)(?:街道办事处|街道办|街道|办事处|民族乡|镇|乡)(?:人民政府|政府)?")
_VILLAGE = re.compile(
    r"^(.{1,10}?)(?:社区居委会|社区居民委员会|村民委员会|村委会|居民委员会|居委会|社区|行政村|村|居)"
)
_GROUP = re.compile(r"(?:第?[\d一二三四五六七八九十]+(?:组|社|队|小组|号|栋|单元).*)$")
_CLASS = re.compile(
    r"(?:(?:小学部?|初中部?|高中部?)?[一二三四五六七八九\d高初]+年级?.*|[\d一二三四五六七八九]+[.\-(（]?\d*[)）]?班.*)$"
)
_SCHOOL = (
    ("有限公司", ""), ("附属", "附"), ("九年一贯制", ""), ("义务教育", ""), ("初级中学", "中"), ("高级中学", "高中"),
    ("职业教育中心", "职教"), ("初中", "中"), ("中学校", "中"), ("中学", "中"),
    ("中心小学校", "中心小"), ("中心小学", "中心小"),
    ("中心校", "中心小"), ("完全小学", "小"), ("完小", "小"), ("小学校", "小"), ("小学", "小"), ("幼儿园", "幼"),
    ("实验", "实"), ("第", ""), ("学校", "校"),
)  # fmt: skip
_NUMBERS = str.maketrans("1234567890", "一二三四五六七八九〇")


def _plain(text: str) -> str:
    words = re.sub(r"[\s·•,，、。]+", "", BRACKETS.sub("", unify_width(text)))
    return "".join(map(simplify, words))


def clean_town(text: str | None) -> str | None:
    """Return a town's stem: 龙水 for 重庆市大足区龙水镇, 龙水镇人民政府 and 龙水."""
    if is_empty(text):
        return None
    plain = _plain(text or "")
    below = _ABOVE.sub("", plain) or plain
    found = _TOWN.match(below) or _TOWN.match(plain)
    return found[1] if found else below or None


def clean_village(text: str | None) -> str | None:
    """Return a village's stem: 保家 for 龙水镇保家村3组 and 保家村委会; an address is shortened."""
    if is_empty(text):
        return None
    plain = _plain(text or "")
    below = _ABOVE.sub("", plain) or plain
    if (town := _TOWN.match(below)) and len(below) > town.end():
        below = below[town.end() :]
    found = _VILLAGE.match(below)
    return found[1] if found else _GROUP.sub("", below) or below or None


def town_in_village(text: str | None) -> str | None:
    """Return the town's stem that an address written into the village's cell names."""
    if is_empty(text):
        return None
    plain = _plain(text or "")
    below = _ABOVE.sub("", plain) or plain
    town = _TOWN.match(below)
    return town[1] if town and len(below) > town.end() else None


def clean_school(text: str | None) -> str | None:
    """Return a school's short name: 龙水一小 for 大足区龙水镇第一小学校 and 龙水1小三年级2班."""
    if is_empty(text):
        return None
    plain = _CLASS.sub("", _plain(text or "")) or _plain(text or "")
    above = _ABOVE.match(plain)
    below = plain[above.end() :] if above else plain
    if above and re.match(r"第|中|小|实验|特殊|职|幼|$", below):
        below = re.sub(r"^.*[省市](?=.)", "", above[0])[:-1] + below
    below = re.sub(r"(?<=.)(?:街道|镇|乡)(?=.)", "", below)
    for long, short in _SCHOOL:
        below = below.replace(long, short)
    return below.translate(_NUMBERS) or None
