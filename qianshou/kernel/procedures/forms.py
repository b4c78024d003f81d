"""Forms: JSON Schema 2020-12 with field order and texts, read once, validated by the server.

Beside the schema's own words a field may say x-en (English title), x-en-description,
x-catalogue (where its choices come from), x-widget, x-vault (a person's sealed fields),
x-sealed (kept under the key of the person whom the matter is about),
x-when (FEEL: the field counts only then), x-suggest (the fact that suggests its value), x-rank
(what puts the likeliest of its choices first: see `kernel.pack.ranking`). A form may say x-because
(the fact that says why; its English has "_en" behind) and x-sheets (other forms of its pack whose
fields it asks for too, to bring a person's sheets up to date). Unknown words are refused.
"""

import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from qianshou.kernel.procedures.feel import Expression, compile_expression
from qianshou.kernel.refusal import Refusal, Refusals

FORM_KEYS = {
    "$schema", "$id", "type", "title", "x-en", "x-because", "description", "properties", "required",
    "x-sheets",
}  # fmt: skip
FIELD_KEYS = {
    "type", "title", "x-en", "description", "x-en-description", "oneOf", "maxLength", "minLength",
    "pattern", "format", "minimum", "maximum", "items", "maxItems", "default", "x-catalogue",
    "x-widget", "x-vault", "x-when", "x-suggest", "x-rank", "x-public", "x-sealed",
}  # fmt: skip
WIDGETS = {
    "text", "textarea", "radio", "select", "place", "photos", "organisation", "organisations",
    "person", "spoken", "date", "datetime", "number", "checkbox", "checkboxes", "phone",
}  # fmt: skip
TYPES = {"string", "integer", "number", "boolean", "array", "object"}
LONGEST = 4000
MOST_DIGITS = 34  # FEEL's
PHONE = re.compile(r"(1\d{10}|0\d{2,3}-?\d{7,8}|\d{3,5})")
Choices = Callable[[str], Collection[str]]


@dataclass(frozen=True)
class Choice:
    """One value that a field may take, with its names."""

    value: str
    zh: str
    en: str


@dataclass(frozen=True)
class Field:
    """One field of a form."""

    id: str
    kind: str
    zh: str
    en: str
    help_zh: str
    help_en: str
    required: bool
    widget: str
    choices: tuple[Choice, ...]
    catalogue: str
    vault: bool
    sealed: bool
    when: Expression | None
    suggest: str
    rank: str
    schema: Mapping[str, Any]

    def label(self, language: str) -> str:
        """Return the field's title in `language`."""
        return self.zh if language.startswith("zh") else self.en

    def help(self, language: str) -> str:
        """Return the field's hint in `language`."""
        return self.help_zh if language.startswith("zh") else self.help_en


@dataclass(frozen=True)
class Form:
    """A form: its title, its fields in order, the fact that says why values are suggested, and the
    forms of the sheets that it brings up to date.
    """

    id: str
    zh: str
    en: str
    fields: tuple[Field, ...]
    because: str = ""
    sheets: tuple[str, ...] = ()

    def title(self, language: str) -> str:
        """Return the form's title in `language`."""
        return self.zh if language.startswith("zh") else self.en


def load_form(raw: bytes, source: str) -> Form:
    """Return the form that `raw` (JSON) declares.

    Refuses form.json for what is not JSON, form.key for unknown words, form.title for a
    missing name in either language, form.field for a field that cannot be.
    """
    try:
        told = json.loads(raw)
    except ValueError as error:
        raise Refusal(
            "form.json", f"{source}：不是 JSON：{error}", f"{source}: not JSON: {error}"
        ) from None
    if not isinstance(told, dict) or told.get("type") != "object":
        raise Refusal("form.json", f"{source}：顶层应是 object", f"{source}: not an object schema")
    _refuse_unknown(source, source, told, FORM_KEYS)
    required = set(told.get("required", ()))
    properties = told.get("properties", {})
    if required - set(properties):
        odd = sorted(required - set(properties))
        raise Refusal(
            "form.field",
            f"{source}：必填的 {odd} 不是字段",
            f"{source}: required {odd} are no fields",
        )
    fields = tuple(
        _read_field(source, key, schema, key in required) for key, schema in properties.items()
    )
    zh, en = _names(source, source, told)
    name = source.rpartition("/")[2].removesuffix(".json")
    return Form(name, zh, en, fields, told.get("x-because", ""), tuple(told.get("x-sheets", ())))


def sheet_field(sheet: str, field: str) -> str:
    """Return the id under which a form asks for a field of one of its sheets."""
    return f"{sheet}_{field}"


def join_sheets(form: Form, find: Callable[[str], Form]) -> Form:
    """Return `form` with the fields of its sheets' forms, which `find` gives, behind its own.

    Each is optional and always sealed, has no condition, and is named as `sheet_field` says.
    """
    joined = tuple(
        replace(field, id=sheet_field(name, field.id), required=False, sealed=True, when=None)
        for name in form.sheets
        for field in find(name).fields
    )
    return replace(form, fields=(*form.fields, *joined)) if joined else form


def _refuse_unknown(source: str, where: str, told: Mapping[str, Any], known: set[str]) -> None:
    odd = sorted(set(told) - known)
    if odd:
        raise Refusal(
            "form.key",
            f"{source} 的 {where}：不认识的键 {'、'.join(odd)}",
            f"{source}, {where}: unknown key {', '.join(odd)}",
            odd[0],
        )


def _names(source: str, where: str, told: Mapping[str, Any]) -> tuple[str, str]:
    zh, en = told.get("title", ""), told.get("x-en", "")
    if not zh or not en:
        raise Refusal(
            "form.title",
            f"{source} 的 {where}：中英文名称不全",
            f"{source}, {where}: a title or x-en is missing",
            where,
        )
    return zh, en


def _read_field(source: str, key: str, told: Mapping[str, Any], required: bool) -> Field:
    _refuse_unknown(source, key, told, FIELD_KEYS)
    zh, en = _names(source, key, told)
    kind = told.get("type", "string")
    widget = told.get("x-widget", "")
    if kind not in TYPES or (widget and widget not in WIDGETS):
        raise Refusal(
            "form.field",
            f"{source} 的 {key}：不认识的类型或控件 {kind} {widget}",
            f"{source}, {key}: unknown type or widget {kind} {widget}",
            key,
        )
    listed = told.get("oneOf") or told.get("items", {}).get("oneOf", ())
    choices = tuple(Choice(one["const"], *_names(source, key, one)) for one in listed)
    catalogue = told.get("x-catalogue", "")
    if widget in ("organisation", "organisations"):
        catalogue = "organisation"
    return Field(
        id=key,
        kind=kind,
        zh=zh,
        en=en,
        help_zh=told.get("description", ""),
        help_en=told.get("x-en-description", ""),
        required=required,
        widget=widget or _default_widget(kind, told, bool(choices or catalogue)),
        choices=choices,
        catalogue=catalogue,
        vault=bool(told.get("x-vault")),
        sealed=bool(told.get("x-sealed")),
        when=compile_expression(told["x-when"]) if told.get("x-when") else None,
        suggest=told.get("x-suggest", ""),
        rank=told.get("x-rank", ""),
        schema=told,
    )


def _default_widget(kind: str, told: Mapping[str, Any], chosen: bool) -> str:
    if told.get("x-vault"):
        return "person"
    if kind == "array":
        return "checkboxes"
    if chosen:
        return "select"
    formats = {"date": "date", "date-time": "datetime", "phone": "phone"}
    if told.get("format") in formats:
        return formats[told["format"]]
    return {"integer": "number", "number": "number", "boolean": "checkbox"}.get(kind, "text")


def validate(form: Form, raw: Mapping[str, Any], choices: Choices) -> dict[str, Any]:
    """Return the clean facts of `raw`, which may hold strings as HTML and Excel give them.

    `choices` gives the codes of a catalogue. Fields that do not apply (x-when) and empty ones
    are left out; what the form does not know is ignored. Raises Refusals form.* by field.
    """
    facts: dict[str, Any] = {}
    refusals: list[Refusal] = []
    for field in form.fields:
        if field.when is not None and field.when({**raw, **facts}) is not True:
            continue
        given = raw.get(field.id)
        try:
            value = _clean(field, given, choices)
        except Refusal as refusal:
            refusals.append(refusal)
            continue
        if value is None:
            if field.required:
                refusals.append(_refused(field, "required", "请填写此项", "Please fill this in"))
        else:
            facts[field.id] = value
    if refusals:
        raise Refusals(refusals)
    return facts


def _refused(field: Field, code: str, zh: str, en: str) -> Refusal:
    return Refusal(f"form.{code}", f"{field.zh}：{zh}", f"{field.en}: {en}", field.id)


def _clean(field: Field, given: Any, choices: Choices) -> Any:
    if isinstance(given, str):
        given = given.strip().replace("\x00", "")
    if given in (None, "", [], {}):
        return None
    if field.kind == "array":
        return _clean_list(field, given, choices)
    if field.kind == "object":
        return _clean_object(field, given)
    if field.kind == "boolean":
        return _clean_boolean(field, given)
    if field.kind in ("integer", "number"):
        return _clean_number(field, given)
    return _clean_string(field, given, choices)


def _clean_string(field: Field, given: Any, choices: Choices) -> str:
    if isinstance(given, datetime | date):
        given = given.isoformat()
    if isinstance(given, int | float | Decimal) and not isinstance(given, bool):
        given = str(int(given) if given == int(given) else given)
    if not isinstance(given, str):
        raise _refused(field, "text", "应是文字", "This should be text")
    if field.choices or field.catalogue:
        return _clean_choice(field, given, choices)
    most = field.schema.get("maxLength", LONGEST)
    if len(given) > most:
        raise _refused(field, "long", f"不超过 {most} 个字", f"At most {most} characters")
    if len(given) < field.schema.get("minLength", 0):
        least = field.schema["minLength"]
        raise _refused(field, "short", f"至少 {least} 个字", f"At least {least} characters")
    pattern = field.schema.get("pattern")
    if pattern and not re.fullmatch(pattern, given):
        raise _refused(field, "pattern", "格式不对", "The format is not right")
    return _clean_format(field, given)


def _clean_format(field: Field, given: str) -> str:
    kind = field.schema.get("format", "")
    try:
        if kind == "date":
            return date.fromisoformat(given[:10].replace("/", "-")).isoformat()
        if kind == "date-time":
            return datetime.fromisoformat(given).isoformat(timespec="minutes")
    except ValueError:
        raise _refused(
            field, "date", "请写成 2026-11-23 这样的日期", "Write a date like 2026-11-23"
        ) from None
    if kind == "phone" and not PHONE.fullmatch(given.replace(" ", "")):
        raise _refused(field, "phone", "电话号码不对", "This is not a telephone number")
    return given.replace(" ", "") if kind == "phone" else given


def _clean_choice(field: Field, given: str, choices: Choices) -> str:
    for choice in field.choices:
        if given in (choice.value, choice.zh, choice.en):
            return choice.value
    if field.catalogue and given in choices(field.catalogue):
        return given
    raise _refused(field, "choice", "请从列出的选项中选择", "Choose one of the listed values")


def _clean_boolean(field: Field, given: Any) -> bool:
    if isinstance(given, bool):
        return given
    told = str(given).lower()
    if told in ("true", "on", "1", "是", "yes"):
        return True
    if told in ("false", "off", "0", "否", "no"):
        return False
    raise _refused(field, "boolean", "请填是或否", "Answer yes or no")


def _clean_number(field: Field, given: Any) -> int | float:
    try:
        number = Decimal(str(given))
    except InvalidOperation:
        raise _refused(field, "number", "请填数字", "Write a number") from None
    whole = number.is_finite() and number == number.to_integral_value()
    if not number.is_finite() or (field.kind == "integer" and not whole):
        raise _refused(field, "number", "请填整数", "Write a whole number")
    low, high = field.schema.get("minimum"), field.schema.get("maximum")
    if (low is not None and number < low) or (high is not None and number > high):
        raise _refused(
            field, "range", f"应在 {low} 到 {high} 之间", f"It should be between {low} and {high}"
        )
    kept: int | float = 0
    if number.adjusted() < MOST_DIGITS:
        kept = int(number) if whole else float(number)
    if Decimal(str(kept)) != number:
        raise _refused(
            field, "digits", "数字太长，无法一位不差地保存",
            "The number is too long to be kept to the last digit",
        )  # fmt: skip
    return kept


def _clean_list(field: Field, given: Any, choices: Choices) -> list[str]:
    parts = given if isinstance(given, list | tuple) else re.split(r"[,，、;；\s]+", str(given))
    kept = list(dict.fromkeys(str(part).strip() for part in parts if str(part).strip()))
    most = field.schema.get("maxItems", 50)
    if len(kept) > most:
        raise _refused(field, "many", f"最多 {most} 项", f"At most {most}")
    if field.choices or field.catalogue:
        kept = [_clean_choice(field, part, choices) for part in kept]
    elif field.widget == "photos" and not all(re.fullmatch(r"[0-9a-f]{64}", p) for p in kept):
        raise _refused(field, "photo", "附件不存在", "There is no such file")
    return kept


def _clean_object(field: Field, given: Any) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        given = {"name": given} if field.vault else {"address": given}
    if field.vault:
        return _clean_person(field, given)
    return _clean_place(field, given)


def _clean_person(field: Field, given: Mapping[str, Any]) -> dict[str, Any]:
    if set(given) == {"person"} and isinstance(given["person"], int):
        return dict(given)
    kept = {key: str(given.get(key) or "").strip() for key in ("name", "phone")}
    kept["phone"] = kept["phone"].replace(" ", "")
    if len(kept["name"]) > 40:
        raise _refused(field, "long", "姓名不超过 40 个字", "A name has at most 40 characters")
    if kept["phone"] and not PHONE.fullmatch(kept["phone"]):
        raise _refused(field, "phone", "电话号码不对", "This is not a telephone number")
    return {key: value for key, value in kept.items() if value} or None  # type: ignore[return-value]


def _clean_place(field: Field, given: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for key in ("division", "address"):
        text = str(given.get(key) or "").strip()
        if len(text) > 200:
            raise _refused(field, "long", "地址不超过 200 个字", "At most 200 characters")
        if text:
            kept[key] = text
    for key, most in (("longitude", 180), ("latitude", 90)):
        if given.get(key) in (None, ""):
            continue
        try:
            number = float(given[key])
        except (TypeError, ValueError):
            number = 999.0
        if not -most <= number <= most:
            raise _refused(field, "place", "坐标不对", "The coordinates are not right")
        kept[key] = round(number, 6)
    if "longitude" in kept or given.get("approximate") not in (None, "", False):
        kept["approximate"] = str(given.get("approximate", "")).lower() in ("true", "on", "1")
    if field.required and not kept.get("division"):
        raise _refused(
            field, "place", "请选择镇街或村（社区）", "Please choose the town or village"
        )
    return kept
