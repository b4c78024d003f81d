"""From texts, of a form or a sheet, to a row's values; and from values back to texts."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.utils import translation
from django.utils.translation import gettext as _

from qianshou.kernel.clock import CHINA
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.office.registry.references import Find, full_name, short_name
from qianshou.office.registry.tables import Field, Table

DAY = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?")
YES = {"true", "on", "1", "yes", "是", "y"}
NO = {"", "false", "off", "0", "no", "否", "n"}
BETWEEN = re.compile(r"\s*[、，,；;]\s*")
BETWEEN_WORDS = re.compile(r"[\s、，,；;]+")


def read_values(
    table: Table, texts: Mapping[str, Any], find: Find, *, adding: bool
) -> dict[str, Any]:
    """Return the values that `texts` (by field) stand for, ready for the row.

    Fixed fields are read only when `adding`. `find` finds rows that are pointed at. Raises
    Refusals, one a field: registry.required, registry.unreadable, registry.unknown,
    registry.ambiguous, registry.order.
    """
    values: dict[str, Any] = {}
    refusals = []
    for field in table.fields:
        if field.fixed and not adding:
            continue
        try:
            values[field.key] = read_value(table, field, texts.get(field.key, ""), find)
        except Refusal as refusal:
            refusals.append(Refusal(refusal.code, refusal.zh, refusal.en, field.key))
    refusals += check_span(table, values)
    if refusals:
        raise Refusals(refusals)
    return values


def check_span(table: Table, values: Mapping[str, Any]) -> list[Refusal]:
    """Return the refusal of a span that ends before it begins; [] where it does not."""
    if table.spans is None:
        return []
    first, last = (values.get(name) for name in table.spans)
    if first is None or last is None or first < last or (first == last and _is_day(last)):
        return []
    zh, en = table.field(table.spans[1]).zh, table.field(table.spans[1]).en
    return [
        Refusal(
            "registry.order",
            f"“{zh}”早于“{table.field(table.spans[0]).zh}”",
            f"“{en}” comes before “{table.field(table.spans[0]).en}”",
            table.spans[1],
        )
    ]


def _is_day(value: Any) -> bool:
    return isinstance(value, date) and not isinstance(value, datetime)


def read_value(table: Table, field: Field, text: Any, find: Find) -> Any:
    """Return the value of one field; raises a Refusal without a field."""
    if field.widget in ("checkboxes", "words"):
        return _read_several(field, text)
    told = str(text).strip()
    if "\0" in told:  # PostgreSQL keeps no such character
        raise Refusal("registry.unreadable", "含有不能保存的字符", "It holds a character not kept")
    if field.widget == "checkbox":
        return _read_yes(told)
    if not told:
        if field.required:
            raise Refusal("registry.required", "请填写这一项", "Please fill this in")
        return None if field.widget in ("date", "datetime", "number") or field.refers else ""
    if field.refers:
        row = find(field.refers, told)
        if row is None:
            raise Refusal("registry.unknown", f"没有“{told}”", f"There is no “{told}”")
        return row
    if field.choices:
        return _read_choice(field, told)
    if field.widget in ("date", "datetime"):
        return _read_instant(told) if field.widget == "datetime" else read_day(told)
    return _read_plain(table, field, told)


def _read_yes(told: str) -> bool:
    if told.lower() in YES | NO:
        return told.lower() in YES
    raise Refusal("registry.unreadable", "请写“是”或“否”", "Write yes or no")


def _read_several(field: Field, text: Any) -> list[str]:
    between = BETWEEN if field.choices else BETWEEN_WORDS
    parts = between.split(text.strip()) if isinstance(text, str) else list(text)
    told = [part for part in parts if part]
    if field.choices:
        told = [_read_choice(field, part) for part in told]
    elif not all(re.fullmatch(r"[a-z][a-z0-9_]{0,39}", part) for part in told):
        raise Refusal(
            "registry.unreadable",
            "代码只用小写字母、数字和下划线，用空格隔开",
            "Codes are of small letters, digits and underscores, separated by spaces",
        )
    return sorted(set(told))


def _read_choice(field: Field, told: str) -> str:
    for choice in field.choices:
        if told in choice:
            return choice[0]
    zh = "、".join(name for _code, name, _en in field.choices)
    en = ", ".join(name for _code, _zh, name in field.choices)
    raise Refusal("registry.unknown", f"请从这些里选：{zh}", f"Choose one of: {en}")


def read_day(told: str) -> date:
    """Return the day that a text names: 2026-11-23, 2026/11/23, 2026年11月23日."""
    found = DAY.fullmatch(told.strip())
    try:
        if found is None:
            raise ValueError
        return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError as error:
        raise Refusal(
            "registry.unreadable", "日期请写成 2026-11-23", "Write the date as 2026-11-23"
        ) from error


def _read_instant(told: str) -> datetime:
    day, _mark, hour = told.replace("T", " ").partition(" ")
    found = re.fullmatch(r"([01]?\d|2[0-3])[:：]([0-5]\d)(?::\d\d)?", hour.strip() or "00:00")
    if found is None:
        raise Refusal(
            "registry.unreadable", "时间请写成 2026-11-23 08:30", "Write it as 2026-11-23 08:30"
        )
    on = read_day(day)
    return datetime(on.year, on.month, on.day, int(found[1]), int(found[2]), tzinfo=CHINA)


def _read_plain(table: Table, field: Field, told: str) -> Any:
    try:
        column = table.model._meta.get_field(field.key)
    except FieldDoesNotExist as error:
        raise AssertionError(f"{table.key} has no column {field.key}") from error
    try:
        return column.clean(told, None)  # type: ignore[union-attr]
    except ValidationError as error:
        texts = {}
        for language in ("zh-hans", "en"):
            with translation.override(language):
                texts[language] = " ".join(str(text) for text in error.messages)
        raise Refusal("registry.unreadable", texts["zh-hans"], texts["en"]) from error


def form_text(field: Field, row: Any) -> Any:
    """Return a row's value as a form's field holds it."""
    value = getattr(row, field.key)
    if field.refers:
        return "" if value is None else str(value.pk)
    if isinstance(value, list):
        return value if field.widget == "checkboxes" else " ".join(value)
    if isinstance(value, datetime):
        return value.astimezone(CHINA).strftime("%Y-%m-%dT%H:%M")
    if isinstance(value, bool):
        return "true" if value else ""
    return "" if value is None else str(value)


def shown_text(field: Field, value: Any, language: str, *, full: bool = False) -> str:
    """Return a value as a list shows it; `full` as a sheet holds it, to be read back."""
    if field.refers:
        return full_name(value, language) if full else short_name(value, language)
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if isinstance(value, list):
        return ("、" if language.startswith("zh") else ", ").join(
            _choice_name(field, part, language) for part in value
        )
    if isinstance(value, datetime):
        return value.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")
    return "" if value is None else _choice_name(field, str(value), language)


def _choice_name(field: Field, code: str, language: str) -> str:
    for known, zh, en in field.choices:
        if known == code:
            return zh if language.startswith("zh") else en
    return code
