"""FEEL's dates, times and durations (DMN 1.3, 10.3.2.3.3 to 10.3.2.3.8).

Years have up to nine digits and may be negative (proleptic Gregorian), times have nanoseconds,
and a zone is an offset or an IANA name. Reading gives None for what is not in the form of
XML Schema's dates (with "@Area/City" beside offsets). What leaves the range raises
OverflowError.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

NANOS = 1_000_000_000
DAY = 86_400 * NANOS
FURTHEST = 999_999_999
LONGEST = 10**30
WIDEST_OFFSET = 18 * 3600


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone by its offset in seconds, or by its IANA name."""

    offset: int = 0
    name: str = ""

    def offset_at(self, days: int, nanos: int) -> int:
        """Return the offset in seconds at a local day (since 1970) and time of day."""
        if not self.name:
            return self.offset
        told = self._local(days, nanos).replace(tzinfo=ZoneInfo(self.name)).utcoffset()
        return 0 if told is None else int(told.total_seconds())

    def offset_in(self, moment: int) -> int:
        """Return the offset in seconds at nanoseconds since 1970 in UTC."""
        if not self.name:
            return self.offset
        days, nanos = divmod(moment, DAY)
        told = self._local(days, nanos).replace(tzinfo=UTC).astimezone(ZoneInfo(self.name))
        return int((told.utcoffset() or timedelta()).total_seconds())

    @staticmethod
    def _local(days: int, nanos: int) -> datetime:
        """Return Python's time for a day; of a year that it lacks, one 400 years' multiple away."""
        day = Date.on(days)
        year = day.year if 1 < day.year < 9999 else 2000 + day.year % 400
        return datetime(year, day.month, day.day) + timedelta(seconds=nanos // NANOS)  # noqa: DTZ001

    def __str__(self) -> str:
        if self.name:
            return f"@{self.name}"
        if not self.offset:
            return "Z"
        minutes, seconds = divmod(abs(self.offset), 60)
        text = f"{'-' if self.offset < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}"
        return f"{text}:{seconds:02}" if seconds else text


UTC_ZONE = Zone()


@dataclass(frozen=True, order=True, slots=True)
class Date:
    """A day of the calendar."""

    year: int
    month: int
    day: int

    def __post_init__(self) -> None:
        if abs(self.year) > FURTHEST:
            raise OverflowError

    @property
    def days(self) -> int:
        """Days since 1970-01-01 (Howard Hinnant, "chrono-compatible date algorithms")."""
        year = self.year - (self.month <= 2)
        era, of_era = divmod(year, 400)
        of_year = (153 * ((self.month + 9) % 12) + 2) // 5 + self.day - 1
        return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468

    @classmethod
    def on(cls, days: int) -> "Date":
        """Return the day so many days after 1970-01-01 (same source)."""
        era, of_era = divmod(days + 719_468, 146_097)
        years = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
        of_year = of_era - (365 * years + years // 4 - years // 100)
        shifted = (5 * of_year + 2) // 153
        month = shifted + 3 if shifted < 10 else shifted - 9
        return cls(years + era * 400 + (month <= 2), month, of_year - (153 * shifted + 2) // 5 + 1)

    @property
    def weekday(self) -> int:
        """Monday is 1, Sunday 7."""
        return (self.days + 3) % 7 + 1

    def plus_months(self, months: int) -> "Date":
        """Return the day moved by whole months, to the month's last day at most."""
        year, month = divmod(self.year * 12 + self.month - 1 + months, 12)
        return Date(year, month + 1, min(self.day, length_of_month(year, month + 1)))

    def __str__(self) -> str:
        sign = "-" if self.year < 0 else ""
        return f"{sign}{abs(self.year):04}-{self.month:02}-{self.day:02}"


@dataclass(frozen=True, slots=True)
class Time:
    """A time of day in nanoseconds, perhaps in a zone."""

    nanos: int
    zone: Zone | None = None

    @property
    def moment(self) -> int:
        """Nanoseconds that order times: of the day in UTC where there is a zone."""
        return self.nanos if self.zone is None else self.nanos - self.offset * NANOS

    @property
    def offset(self) -> int:
        """The zone's offset in seconds (of a named zone: on 1970-01-01)."""
        return 0 if self.zone is None else self.zone.offset_at(0, self.nanos)

    def __str__(self) -> str:
        return write_clock(self.nanos) + ("" if self.zone is None else str(self.zone))


@dataclass(frozen=True, slots=True)
class DateTime:
    """A date and time, perhaps in a zone."""

    date: Date
    nanos: int
    zone: Zone | None = None

    @property
    def moment(self) -> int:
        """Nanoseconds since 1970-01-01T00:00:00 (in UTC where there is a zone)."""
        return self.date.days * DAY + self.nanos - self.offset * NANOS

    @property
    def offset(self) -> int:
        """The zone's offset in seconds at this time."""
        return 0 if self.zone is None else self.zone.offset_at(self.date.days, self.nanos)

    @property
    def time(self) -> Time:
        """The time of day."""
        return Time(self.nanos, self.zone)

    def plus(self, nanos: int) -> "DateTime":
        """Return what the clock of its zone shows so many nanoseconds later."""
        local = self.date.days * DAY + self.nanos + nanos
        if self.zone is not None and self.zone.name:
            moment = self.moment + nanos
            local = moment + self.zone.offset_in(moment) * NANOS
        days, of_day = divmod(local, DAY)
        return DateTime(Date.on(days), of_day, self.zone)

    def __str__(self) -> str:
        return f"{self.date}T{self.time}"


@dataclass(frozen=True, order=True, slots=True)
class Duration:
    """A days and time duration, in nanoseconds."""

    nanos: int

    def __post_init__(self) -> None:
        if abs(self.nanos) > LONGEST:
            raise OverflowError

    def __str__(self) -> str:
        seconds, fraction = divmod(abs(self.nanos), NANOS)
        days, seconds = divmod(seconds, 86_400)
        hours, minutes = divmod(seconds // 60, 60)
        exact = f"{seconds % 60}{write_fraction(fraction)}"
        clock = (
            (f"{hours}H" if hours else "")
            + (f"{minutes}M" if minutes else "")
            + (f"{exact}S" if exact != "0" else "")
        )
        text = (f"{days}D" if days else "") + (f"T{clock}" if clock else "")
        return f"{'-' if self.nanos < 0 else ''}P{text or 'T0S'}"


@dataclass(frozen=True, order=True, slots=True)
class Months:
    """A years and months duration."""

    months: int

    def __post_init__(self) -> None:
        if abs(self.months) > LONGEST:
            raise OverflowError

    def __str__(self) -> str:
        years, months = divmod(abs(self.months), 12)
        text = (f"{years}Y" if years else "") + (f"{months}M" if months else "")
        return f"{'-' if self.months < 0 else ''}P{text or '0M'}"


def length_of_month(year: int, month: int) -> int:
    """Return the days of a month of the Gregorian calendar."""
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def write_fraction(nanos: int) -> str:
    """Return the fraction of a second, "" or like ".5"."""
    return f".{nanos:09}".rstrip("0") if nanos else ""


def write_clock(nanos: int) -> str:
    """Return a time of day as hh:mm:ss and what there is of a fraction."""
    seconds, fraction = divmod(nanos, NANOS)
    minutes, second = divmod(seconds, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{second:02}{write_fraction(fraction)}"


DATE = re.compile(r"(-?(?:[1-9]\d{4,8}|\d{4}))-(\d\d)-(\d\d)", re.ASCII)
TIME = re.compile(
    r"(\d\d):(\d\d):(\d\d)(?:\.(\d{1,30}))?(?:([Zz])|([+-])(\d\d):(\d\d)(?::(\d\d))?|@([\w/+-]+))?",
    re.ASCII,
)
DURATION = re.compile(
    r"(-?)P(?:(\d{1,20})Y)?(?:(\d{1,20})M)?(?:(\d{1,20})D)?"
    r"(?:T(?:(\d{1,20})H)?(?:(\d{1,20})M)?(?:(\d{1,20})(?:\.(\d{1,30}))?S)?)?",
    re.ASCII,
)


def make_date(year: int, month: int, day: int) -> Date | None:
    """Return a day, or None where the calendar has no such day."""
    if abs(year) > FURTHEST or not 1 <= month <= 12 or not 1 <= day <= length_of_month(year, month):
        return None
    return Date(year, month, day)


def read_date(text: str) -> Date | None:
    """Return a date from its ISO 8601 form, or None."""
    match = DATE.fullmatch(text)
    return make_date(int(match[1]), int(match[2]), int(match[3])) if match else None


def read_zone(name: str) -> Zone | None:
    """Return the zone of an IANA name, or None for an unknown one."""
    try:
        ZoneInfo(name)
    except (ValueError, KeyError, OSError):
        return None
    return Zone(name=name)


def read_clock(text: str) -> tuple[int, Zone | None] | None:
    """Return nanoseconds of the day (24:00:00 is a whole day) and the zone, or None."""
    match = TIME.fullmatch(text)
    if match is None:
        return None
    hour, minute, second = int(match[1]), int(match[2]), int(match[3])
    fraction = int(((match[4] or "") + "0" * 9)[:9])
    nanos = (hour * 3600 + minute * 60 + second) * NANOS + fraction
    if minute > 59 or second > 59 or nanos > DAY:
        return None
    zone: Zone | None = None
    if match[5]:
        zone = UTC_ZONE
    elif match[6]:
        offset = int(match[7]) * 3600 + int(match[8]) * 60 + int(match[9] or 0)
        if int(match[8]) > 59 or int(match[9] or 0) > 59 or offset > WIDEST_OFFSET:
            return None
        zone = Zone(-offset if match[6] == "-" else offset)
    elif match[10]:
        zone = read_zone(match[10])
        if zone is None:
            return None
    return nanos, zone


def read_time(text: str) -> Time | None:
    """Return a time from its ISO 8601 form, perhaps with an offset or @zone, or None."""
    clock = read_clock(text)
    return Time(clock[0] % DAY, clock[1]) if clock else None


def read_date_time(text: str) -> DateTime | None:
    """Return a date and time from its ISO 8601 form, or None; a bare date is its midnight."""
    day_text, sep, time_text = text.partition("T")
    day = read_date(day_text)
    clock = read_clock(time_text) if sep else (0, None)
    if day is None or clock is None:
        return None
    try:
        days, nanos = divmod(day.days * DAY + clock[0], DAY)
        return DateTime(Date.on(days), nanos, clock[1])
    except OverflowError:
        return None


def read_duration(text: str) -> Duration | Months | None:
    """Return an ISO 8601 duration of one of FEEL's two kinds, or None."""
    match = DURATION.fullmatch(text)
    if match is None or text[-1] in "PT":
        return None
    sign = -1 if match[1] else 1
    years, months, days, hours, minutes, seconds = (int(part or 0) for part in match.groups()[1:7])
    if match[2] or match[3]:
        return None if match[4] or "T" in text else Months(sign * (years * 12 + months))
    fraction = int(((match[8] or "") + "0" * 9)[:9])
    whole = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    try:
        return Duration(sign * (whole * NANOS + fraction))
    except OverflowError:
        return None


def read_temporal(text: str) -> Date | Time | DateTime | Duration | Months | None:
    """Return what an at-literal (@"...") names, or None."""
    if text.lstrip("-").startswith("P"):
        return read_duration(text)
    if "T" in text:
        return read_date_time(text)
    return read_date(text) or read_time(text)


def seconds_of(nanos: int) -> Decimal | int:
    """Return nanoseconds as a number of seconds."""
    whole, fraction = divmod(nanos, NANOS)
    return Decimal(nanos).scaleb(-9).normalize() if fraction else whole


def lift_native(value: object) -> object:
    """Return one of Python's own dates, times or durations as FEEL's."""
    if isinstance(value, timedelta):
        return Duration((value.days * 86_400 + value.seconds) * NANOS + value.microseconds * 1000)
    text = str(value.isoformat())  # type: ignore[attr-defined]
    return read_temporal(text)
