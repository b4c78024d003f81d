"""Opening many matters from an Excel file: template, upload, preview with row errors, report.

The columns are the fields of the form of a way in. What is previewed is kept sealed until it is
confirmed, so that what is opened is what was seen, once, and no caller's name stays behind.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from qianshou.design.desk import officer_page, show
from qianshou.design.refused import by_field, language
from qianshou.kernel import door
from qianshou.kernel.access import Actor
from qianshou.kernel.clock import now
from qianshou.kernel.documents.drafts import keep_draft, take_draft
from qianshou.kernel.documents.store import look_through
from qianshou.kernel.door import acts
from qianshou.kernel.procedures.forms import Field, Form, validate
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.choices import choices_of, labelled_choices
from qianshou.kernel.registry.models import Division
from qianshou.kernel.registry.sheets import Column, SheetRow, read_sheet, write_template
from qianshou.office.opening import start_of

SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LEFT_OUT = ("photos",)
REPORT = "intake-report"
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


class Known:
    """What the registry knows that a file's rows may name, asked for once a file."""

    def __init__(self) -> None:
        self.choices = cache(choices_of)
        self.towns: list[tuple[str, str]] = []
        self.villages: dict[str, list[tuple[str, str]]] = {}
        rows = Division.objects.filter(valid_to=None).order_by("id")
        for name, code, kind, parent in rows.values_list("name", "code", "kind", "parent__name"):
            self.villages.setdefault(name, []).append((parent or "", code))
            if kind in ("street", "town"):
                self.towns.append((name, code))

    @cache  # noqa: B019 - lives as long as one file is read
    def code_of(self, catalogue: str, text: str) -> str:
        """Return the code of a catalogue's label in either language, else the text itself."""
        for language_code in ("zh-hans", "en"):
            for value, label, _parent in labelled_choices(catalogue, language_code):
                if text == label:
                    return value
        return text

    def codes_of(self, town: str, village: str) -> list[str]:
        """Return the codes of the divisions that a town's and a village's name may mean."""
        if not village:
            return [code for name, code in self.towns if name.startswith(town)]
        return [
            code
            for name in (village, f"{village}村", f"{village}社区")
            for parent, code in self.villages.get(name, ())
            if parent.startswith(town)
        ]


def read_facts(
    form: Form, texts: Mapping[str, str], known: Known, wrong: dict[str, list[str]]
) -> dict[str, Any]:
    """Return the raw facts of a row; what names no place of the registry is told in `wrong`."""
    raw: dict[str, Any] = {}
    for field in form.fields:
        if field.widget == "place":
            try:
                raw[field.id] = _place(field, texts, known)
            except Refusal as refusal:
                raw[field.id] = {}
                wrong[field.id] = [refusal.text(language())]
        elif field.vault or field.widget == "person":
            parts = {part: texts.get(f"{field.id}.{part}", "") for part in ("name", "phone")}
            raw[field.id] = {part: text for part, text in parts.items() if text}
        elif field.widget not in LEFT_OUT:
            raw[field.id] = _value(field, texts.get(field.id, ""), known)
    return raw


def _place(field: Field, texts: Mapping[str, str], known: Known) -> dict[str, str]:
    town, village, address = (
        texts.get(f"{field.id}.{part}", "") for part in ("town", "village", "address")
    )
    if not town and not village:
        return {"address": address} if address else {}
    codes = known.codes_of(town, village)
    if len(codes) != 1:
        raise Refusal(
            "intake.place",
            f"底册里没有（或不止一个）“{town} {village}”",
            f"The registry has no (or more than one) “{town} {village}”",
            field.id,
        )
    return {"division": codes[0], "address": address}


def _value(field: Field, text: str, known: Known) -> Any:
    if field.kind == "boolean":
        return text.lower() in YES
    for choice in field.choices:
        if text in (choice.zh, choice.en):
            return choice.value
    return known.code_of(field.catalogue, text) if field.catalogue and text else text


def read_lines(form: Form, rows: Iterable[SheetRow]) -> list[Line]:
    """Return the rows of a file with what is wrong in each; queries do not grow with the rows."""
    names = {field.id: field.label(language()) for field in form.fields}
    known = Known()
    lines = []
    for row in rows:
        wrong: dict[str, list[str]] = {}
        facts = read_facts(form, row.texts, known, wrong)
        try:
            validate(form, facts, known.choices)
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

    A row that is refused later by the door is reported and leaves the others alone. What was
    opened is shown on a page of its own, so that looking at it again opens nothing.
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
    about = f"intake/{pack}/{start}"
    try:
        if request.POST.get("seen"):
            kept = take_draft(request.POST["seen"], actor.officer, about, at=now())
            lines = read_lines(form, [SheetRow(number, texts) for number, texts in kept["rows"]])
            open_lines(lines, declared.procedure, declared.id, actor)
            request.session[REPORT] = [
                [line.number, line.matter, line.receipt, line.errors] for line in lines
            ]
            return redirect(f"{request.path}?done=1")
        if request.method == "POST":
            file = _uploaded(request)
            rows = read_sheet(file, columns_of(form))
            look_through(file)
            kept = {"rows": [[row.number, dict(row.texts)] for row in rows]}
            context["seen"] = keep_draft(kept, actor.officer or 0, about, at=now())
            context["lines"] = lines = read_lines(form, rows)
            context["wrong"] = sum(bool(line.errors) for line in lines)
    except Refusal as refusal:
        errors = {"file": [refusal.text(language())]}
        return show(request, actor, "office/intake.html", {**context, "errors": errors}, 422)
    if request.GET.get("done"):
        context["report"] = request.session.get(REPORT, [])
    return show(request, actor, "office/intake.html", context)


def _uploaded(request: HttpRequest) -> Any:
    file = request.FILES.get("file")
    if file is None:
        raise Refusal("document.none", "请选择文件", "Please choose a file", "file")
    return file


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
