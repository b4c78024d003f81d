"""A catalogue and its entries: what changes becomes a new version, the old one stays."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from qianshou.design.desk import show
from qianshou.design.download import table_response
from qianshou.design.refused import by_field, language
from qianshou.kernel.access import Actor, require
from qianshou.kernel.clock import CHINA, now
from qianshou.kernel.documents.store import look_through
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.door.turn import write_turn
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.models import Catalogue, CatalogueEntry
from qianshou.kernel.registry.sheets import Column, read_sheet
from qianshou.office.registry.history import past_of
from qianshou.office.registry.tables import CATALOGUES, may_edit

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,59}")
MOST_ENTRIES = 400
BLANKS = 5


COLUMNS = (
    Column("code", "代码", "Code"),
    Column("name", "名称", "Name"),
    Column("name_en", "英文名称", "English name"),
    Column("parent", "上级", "Under"),
)


@dataclass(frozen=True)
class Entry:
    """One code of a catalogue, as a form holds it."""

    code: str
    name: str
    name_en: str
    parent: str = ""


def edit(request: HttpRequest, actor: Actor, catalogue: Catalogue | None) -> HttpResponse:
    """Show a catalogue (None: a new one), or keep what was sent as its next version."""
    editable = may_edit(CATALOGUES, actor) and (catalogue is None or catalogue.is_current)
    entries = entries_of(catalogue)
    errors: Mapping[str, list[str]] = {}
    names = (catalogue.name, catalogue.name_en) if catalogue else ("", "")
    if request.GET.get("sheet"):
        rows = [(entry.code, entry.name, entry.name_en, entry.parent) for entry in entries]
        name = catalogue.code if catalogue else "catalogue"
        return table_response(request, COLUMNS, rows, name)
    if request.method == "POST" and "sheet" in request.FILES:
        require(editable)
        entries, errors = read_entries(request.FILES["sheet"], entries)
        if not errors:
            messages.info(request, _("已读入 %(n)s 行，保存后才生效") % {"n": len(entries)})
    elif request.method == "POST":
        require(may_edit(CATALOGUES, actor))
        sent = request.POST
        names = (sent.get("name", "").replace("\0", ""), sent.get("name_en", "").replace("\0", ""))
        entries = sent_entries(sent)
        try:
            saved = save_version(
                catalogue, sent.get("code", "").strip(), names, entries, by=actor, at=now()
            )
        except (Refusal, Refusals) as error:
            errors = by_field(error)
        else:
            messages.success(request, _("已保存为第 %(n)s 版") % {"n": saved.version})
            return redirect("registry-row", CATALOGUES.key, str(saved.pk))
    others = Catalogue.objects.filter(code=catalogue.code) if catalogue else []
    context = {
        "here": "registry",
        "nav": "registry",
        "table": CATALOGUES,
        "row": catalogue,
        "names": names,
        "code": request.POST.get("code", ""),
        "entries": entries,
        "blanks": BLANKS,
        "editable": editable,
        "errors": errors,
        "versions": sorted(others, key=lambda other: -other.version),
        "past": past_of(CATALOGUES, catalogue) if catalogue else [],
    }
    return show(request, actor, "office/registry/catalogue.html", context, 422 if errors else 200)


def read_entries(file: Any, kept: list[Entry]) -> tuple[list[Entry], Mapping[str, list[str]]]:
    """Return the entries of an Excel file with what is wrong in them; unreadable, those `kept`."""
    try:
        rows = read_sheet(file, COLUMNS)
        look_through(file)
    except Refusal as refusal:
        return kept, {"entries": [refusal.text(language())]}
    entries = [Entry(**row.texts) for row in rows[: MOST_ENTRIES + 1]]
    return entries, by_field(Refusals(check_entries(entries)))


def entries_of(catalogue: Catalogue | None) -> list[Entry]:
    """Return the entries of a version in their order."""
    if catalogue is None:
        return []
    rows = catalogue.entries.order_by("position", "code")
    return [Entry(row.code, row.name, row.name_en, row.parent) for row in rows]


def sent_entries(sent: QueryDict) -> list[Entry]:
    """Return the entries that a form sent, without blank lines."""
    columns = [sent.getlist(f"entry.{name}") for name in ("code", "name", "name_en", "parent")]
    lines = [
        Entry(*(text.replace("\0", "").strip() for text in line))
        for line in zip(*columns, strict=False)
    ]
    return [line for line in lines if line.code or line.name or line.name_en]


def save_version(
    catalogue: Catalogue | None,
    code: str,
    names: tuple[str, str],
    entries: Sequence[Entry],
    *,
    by: Actor,
    at: datetime,
) -> Catalogue:
    """Keep entries as the next version of a catalogue (None: a new one of this code).

    Returns the current version, the same one where nothing differs. Raises Refusal
    registry.stale (it is no longer current) or Refusals on codes and names, of which
    registry.reused says that a code once meant something else.
    """
    name, name_en = (text.strip() for text in names)
    code = catalogue.code if catalogue else code
    refusals = [*check_entries(entries), *_check_heads(catalogue, code, name, name_en)]
    if refusals:
        raise Refusals(refusals)
    with write_turn():
        latest = Catalogue.objects.select_for_update().filter(code=code, is_current=True).first()
        if latest is not None and (catalogue is None or latest.pk != catalogue.pk):
            raise Refusal(
                "registry.stale",
                "这个代码表已有更新的版本，请在新版本上修改",
                "There is a newer version of this catalogue; change that one",
            )
        kept = entries_of(latest)
        if latest and (latest.name, latest.name_en) == (name, name_en) and kept == list(entries):
            return latest
        _check_reuse(code, entries)
        extras: dict[str, Any] = {}
        if latest is not None:
            extras = dict(latest.entries.values_list("code", "extra"))
            change_row(latest, {"is_current": False}, by=by, at=at)
        values = {
            "code": code,
            "version": latest.version + 1 if latest else 1,
            "name": name,
            "name_en": name_en,
            "pack": "",  # the district's own from now on: an update of the pack leaves it alone
            "valid_from": at.astimezone(CHINA).date(),
        }
        saved = change_row(Catalogue(), values, by=by, at=at)
        for position, entry in enumerate(entries):
            change_row(
                CatalogueEntry(),
                {
                    "catalogue": saved,
                    **vars(entry),
                    "position": position,
                    "extra": extras.get(entry.code, {}),
                },
                by=by,
                at=at,
            )
    return saved


def _check_heads(catalogue: Catalogue | None, code: str, name: str, name_en: str) -> list[Refusal]:
    told = [("name", name), ("name_en", name_en)]
    refusals = [
        Refusal("registry.required", "请填写这一项", "Please fill this in", field)
        for field, text in told
        if not text
    ]
    if catalogue is None and not CODE.fullmatch(code):
        refusals.append(_bad_code(code, "code"))
    return refusals


def _bad_code(code: str, field: str) -> Refusal:
    return Refusal(
        "registry.unreadable",
        f"代码“{code}”只能用字母、数字、点、下划线和连字符",
        f"The code “{code}” may have letters, digits, points, underscores and hyphens",
        field,
    )


def check_entries(entries: Sequence[Entry]) -> list[Refusal]:
    """Return what is wrong in a catalogue's lines, taken alone; their field is "entries"."""
    found = []
    codes = [entry.code for entry in entries]
    if not entries or len(entries) > MOST_ENTRIES:
        found.append(
            Refusal(
                "registry.required",
                f"请写 1 到 {MOST_ENTRIES} 个代码",
                f"Write 1 to {MOST_ENTRIES} codes",
                "entries",
            )
        )
    for entry in entries:
        if not CODE.fullmatch(entry.code):
            found.append(_bad_code(entry.code, "entries"))
        elif not entry.name or not entry.name_en:
            found.append(_wrong_line(entry, "要有中英文名称", "needs both names"))
        elif codes.count(entry.code) > 1:
            found.append(_wrong_line(entry, "出现了不止一次", "is there more than once"))
        elif entry.parent and (entry.parent not in codes or entry.parent == entry.code):
            found.append(_wrong_line(entry, "的上级不在表里", "is under a code not listed"))
    return found


def _wrong_line(entry: Entry, zh: str, en: str) -> Refusal:
    return Refusal(
        "registry.entry", f"代码“{entry.code}”{zh}", f"The code “{entry.code}” {en}", "entries"
    )


def _check_reuse(code: str, entries: Sequence[Entry]) -> None:
    """Refuse a code that an earlier version dropped, coming back under another name."""
    once: dict[str, set[str]] = {}
    current = set()
    for known, name, is_current in CatalogueEntry.objects.filter(catalogue__code=code).values_list(
        "code", "name", "catalogue__is_current"
    ):
        once.setdefault(known, set()).add(name)
        if is_current:
            current.add(known)
    reused = [
        entry
        for entry in entries
        if entry.code in once and entry.code not in current and entry.name not in once[entry.code]
    ]
    if reused:
        raise Refusals(
            Refusal(
                "registry.reused",
                f"代码“{entry.code}”以前另有含义，请换一个代码",
                f"The code “{entry.code}” once meant something else; take another",
                "entries",
            )
            for entry in reused
        )
