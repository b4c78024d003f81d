"""Opening many matters from an Excel file: template, upload, preview with row errors, report.

The columns are the fields of the form of a way in; what is previewed travels on as the stored
file's digest, so that what is opened is what was seen.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from qianshou.design.refused import by_field, language
from qianshou.kernel import door
from qianshou.kernel.access import Actor
from qianshou.kernel.clock import now
from qianshou.kernel.documents.store import keep_file, path_of
from qianshou.kernel.door import acts
from qianshou.kernel.procedures.forms import Field, Form, validate
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.choices import choices_of, labelled_choices
from qianshou.kernel.registry.models import Division
from qianshou.kernel.registry.sheets import Column, read_sheet, write_template
from qianshou.office.opening import start_of
from qianshou.office.shell import officer_page, show

SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LEFT_OUT = ("photos",)
SALT = "qianshou.office.intake"
HOURS = 12
YES = ("是", "yes", "true", "1")


@dataclass
class Line:
    """A row of the file: what it says, what is wrong with it, what was opened for it."""

    number: int
    texts: Mapping[str, str]
    facts: dict[str, Any]
    errors: list[str]
    receipt: str = ""
    matter: int = 0


def columns_of(form: Form) -> list[Column]:
    """Return the columns of a form: a place takes three, a person two, photos none."""
    columns = []
    for field in form.fields:
        if field.widget == "place":
            columns += [
                Column(f"{field.id}.town", "镇街", "Town"),
                Column(f"{field.id}.village", "村（社区）", "Village or community"),
                Column(f"{field.id}.address", "具体位置", "Address"),
            ]
        elif field.vault or field.widget == "person":
            columns += [
                Column(f"{field.id}.name", "姓名", "Name"),
                Column(f"{field.id}.phone", "电话", "Telephone"),
            ]
        elif field.widget not in LEFT_OUT:
            columns.append(Column(field.id, field.zh, field.en))
    return columns


def read_facts(form: Form, texts: Mapping[str, str], wrong: dict[str, list[str]]) -> dict[str, Any]:
    """Return the raw facts of a row; what names no place of the registry is told in `wrong`."""
    raw: dict[str, Any] = {}
    for field in form.fields:
        if field.widget == "place":
            try:
                raw[field.id] = _place(field, texts)
            except Refusal as refusal:
                raw[field.id] = {}
                wrong[field.id] = [refusal.text(language())]
        elif field.vault or field.widget == "person":
            parts = {part: texts.get(f"{field.id}.{part}", "") for part in ("name", "phone")}
            raw[field.id] = {part: text for part, text in parts.items() if text}
        elif field.widget not in LEFT_OUT:
            raw[field.id] = _value(field, texts.get(field.id, ""))
    return raw


def _place(field: Field, texts: Mapping[str, str]) -> dict[str, str]:
    town, village, address = (
        texts.get(f"{field.id}.{part}", "") for part in ("town", "village", "address")
    )
    if not town and not village:
        return {"address": address} if address else {}
    found = Division.objects.filter(valid_to=None)
    if village:
        found = found.filter(name__in=[village, f"{village}村", f"{village}社区"])
        if town:
            found = found.filter(parent__name__startswith=town)
    else:
        found = found.filter(name__startswith=town, kind__in=("street", "town"))
    codes = list(found.values_list("code", flat=True)[:2])
    if len(codes) != 1:
        raise Refusal(
            "intake.place",
            f"底册里没有（或不止一个）“{town} {village}”",
            f"The registry has no (or more than one) “{town} {village}”",
            field.id,
        )
    return {"division": codes[0], "address": address}


def _value(field: Field, text: str) -> Any:
    if field.kind == "boolean":
        return text.lower() in YES
    for choice in field.choices:
        if text in (choice.zh, choice.en):
            return choice.value
    if field.catalogue and text:
        for code in ("zh-hans", "en"):
            for value, label, _parent in labelled_choices(field.catalogue, code):
                if text == label:
                    return value
    return text


def read_lines(form: Form, raw: bytes) -> list[Line]:
    """Return the rows of a file with what is wrong in each."""
    names = {field.id: field.label(language()) for field in form.fields}
    lines = []
    for row in read_sheet(raw, columns_of(form)):
        wrong: dict[str, list[str]] = {}
        facts = read_facts(form, row.texts, wrong)
        try:
            validate(form, facts, choices_of)
        except (Refusal, Refusals) as error:
            wrong = by_field(error) | wrong
        errors = [
            f"{names[name]}：{text}" if name in names else text
            for name, texts in wrong.items()
            for text in texts
        ]
        lines.append(Line(row.number, row.texts, facts, errors))
    return lines


@require_safe
@officer_page
def template(request: HttpRequest, actor: Actor, pack: str, start: str) -> HttpResponse:
    """Return the empty sheet to fill in."""
    _pack, declared, form = start_of(actor, pack, start)
    hints, choices = {}, {}
    for field in form.fields:
        hints[field.id] = (_("必填") if field.required else "") + " " + field.help(language())
        if field.kind == "boolean":
            choices[field.id] = [_("是"), _("否")]
        elif field.choices:
            choices[field.id] = [c.zh if language()[:2] == "zh" else c.en for c in field.choices]
        elif field.catalogue:
            choices[field.id] = [row[1] for row in labelled_choices(field.catalogue, language())]
        elif field.widget == "place":
            towns = Division.objects.filter(kind__in=("street", "town"), valid_to=None)
            choices[f"{field.id}.town"] = list(towns.order_by("id").values_list("name", flat=True))
    content = write_template(columns_of(form), hints, choices, language())
    name = declared.name.text(language())
    return sheet_response(content, f"{name}.xlsx")


def sheet_response(content: bytes, name: str) -> HttpResponse:
    """Return an Excel file as a download."""
    headers = {"Content-Disposition": content_disposition_header(True, name) or "attachment"}
    return HttpResponse(content, content_type=SHEET_TYPE, headers=headers)


@require_http_methods(["GET", "POST"])
@officer_page
def page(request: HttpRequest, actor: Actor, pack: str, start: str) -> HttpResponse:
    """Take in a file, show its rows with what is wrong, and open what is right when confirmed.

    A row that is refused later by the door is reported and leaves the others alone.
    """
    found, declared, form = start_of(actor, pack, start)
    context: dict[str, Any] = {
        "pack": found,
        "start": declared,
        "columns": columns_of(form),
        "language_code": language(),
        "errors": {},
        "here": "opening",
    }
    if request.method == "POST":
        try:
            seen = request.POST.get("seen", "")
            if not seen:
                seen = take_in(request, actor)
            lines = read_lines(form, stored_sheet(seen, actor))
        except Refusal as refusal:
            text = refusal.text(language())
            return show(
                request, actor, "office/intake.html", {**context, "errors": {"file": [text]}}, 422
            )
        context |= {"lines": lines, "seen": seen}
        context["wrong"] = sum(bool(line.errors) for line in lines)
        if request.POST.get("confirm"):
            open_lines(lines, declared.procedure, declared.id, actor)
            context["done"] = sum(bool(line.receipt) for line in lines)
    return show(request, actor, "office/intake.html", context)


def take_in(request: HttpRequest, actor: Actor) -> str:
    """Keep the uploaded file and return the signed mark under which this officer sees it again."""
    files = request.FILES.getlist("file")
    if not files:
        raise Refusal("document.none", "请选择文件", "Please choose a file", "file")
    return signing.dumps([keep_file(files[0], at=now()).digest, actor.officer], salt=SALT)


def stored_sheet(seen: str, actor: Actor) -> bytes:
    """Return the file of a mark; refuses document.none when it is not this officer's."""
    try:
        digest, officer = signing.loads(seen, salt=SALT, max_age=HOURS * 3600)
        if officer == actor.officer:
            return path_of(digest).read_bytes()
    except (signing.BadSignature, ValueError, OSError):
        pass
    raise Refusal("document.none", "请重新选择文件", "Please choose the file again", "file")


def open_lines(lines: list[Line], procedure: str, start: str, by: Actor) -> None:
    """Open a matter for every line without errors, each on its own."""
    for line in lines:
        if line.errors:
            continue
        try:
            receipt = door.act(
                acts.Open(procedure, line.facts, start, via="sheet"), by=by, at=now()
            )
            assert receipt is not None
            line.receipt, line.matter = receipt.number, receipt.matter
        except (Refusal, Refusals) as error:
            line.errors += [text for texts in by_field(error).values() for text in texts]
