"""Days as people write them, read only where they can mean one day."""

import re
import unicodedata
from datetime import date

from qianshou.packs.commission.care.roster.grid import serial_text

FULL = re.compile(
    r"([0-9]{4})\s*[年./,、\s\-_—–~]\s*([0-9]{1,2})\s*[月./,、\s\-_—–~]\s*([0-9]{1,2})\s*[日号]?"
    r"(?:[T\s]+[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?\s*(?:Z|出?生)?"
)
COMPACT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
MONTH = re.compile(r"([0-9]{4})\s*[年./\-\s]\s*([0-9]{1,2})\s*月?|([0-9]{4})(0[1-9]|1[0-2])")
YEAR = re.compile(r"([0-9]{4})\s*年?")
SERIAL = re.compile(r"([0-9]{5})(?:\.[0-9]+)?")
LUNAR = re.compile(r"农历|阴历|旧历|初[一二三四五六七八九十]|[正冬腊]月|闰")
SPOKEN = re.compile(
    r"([〇零○0一二三四五六七八九]{4})年([一二三四五六七八九十]{1,3})月(?:([一二三四五六七八九十]{1,3})[日号])?"
)
DIGITS = {sign: str(place) for place, sign in enumerate("〇一二三四五六七八九")}
DIGITS |= {"零": "0", "○": "0", "0": "0"}
EARLIEST, LATEST = 1900, 2100


def read_day(text: str, *, since_1904: bool = False) -> tuple[str, str]:
    """Return (day as 2014-03-05, "") or ("", why it is none).

    The reason is "month" or "year" (too little is said), "lunar", or "unclear".
    """
    plain = unicodedata.normalize("NFKC", text).strip().strip("'’`\"“”")
    plain = spell_out(plain)
    if LUNAR.search(plain):
        return "", "lunar"
    hit = FULL.fullmatch(plain) or COMPACT.fullmatch(plain)
    if hit:
        day = day_of(*hit.groups()[:3])
        return (day, "") if day else ("", "unclear")
    if SERIAL.fullmatch(plain):
        day = serial_text(int(float(plain)), since_1904=since_1904)[:10]
        return (day, "") if day and EARLIEST < int(day[:4]) < LATEST else ("", "unclear")
    if MONTH.fullmatch(plain):
        return "", "month"
    return "", "year" if YEAR.fullmatch(plain) else "unclear"


def read_month(text: str, *, since_1904: bool = False) -> str:
    """Return a day as 2014-03-05, a month as 2014-03, or "" for what is neither."""
    day, why = read_day(text, since_1904=since_1904)
    if why == "month":
        hit = MONTH.fullmatch(spell_out(unicodedata.normalize("NFKC", text).strip()))
        if hit:
            year, month, compact_year, compact_month = hit.groups()
            found = day_of(year or compact_year, month or compact_month, "1")
            return found[:7]
    return day


def day_of(year: str, month: str, day: str) -> str:
    """Return the day, or "" when the calendar has no such day."""
    try:
        found = date(int(year), int(month), int(day))
    except ValueError:
        return ""
    return found.isoformat() if EARLIEST < found.year < LATEST else ""


def spell_out(text: str) -> str:
    """Return a day in Chinese numerals in digits; any other text as it is."""
    hit = SPOKEN.fullmatch(text)
    if not hit:
        return text
    year = "".join(DIGITS[sign] for sign in hit[1])
    return f"{year}年{tens(hit[2])}月" + (f"{tens(hit[3])}日" if hit[3] else "")


def tens(spoken: str) -> int:
    """Return a number below a hundred as said in Chinese: 十二, 二十, 二十一."""
    before, ten, after = spoken.partition("十")
    if not ten:
        return int("".join(DIGITS[sign] for sign in spoken if sign in DIGITS))
    return (int(DIGITS.get(before, "1")) * 10) + int(DIGITS.get(after, "0"))
