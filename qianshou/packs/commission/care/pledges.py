"""两书两清单: what guardians and carers sign, filled, signed on paper or phone, replaced, renewed."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from qianshou.kernel.access import Actor
from qianshou.kernel.clock import CHINA
from qianshou.kernel.documents.models import Document
from qianshou.kernel.documents.store import keep_sealed_file
from qianshou.kernel.documents.templates import fill, list_fields, pack_again, version_of
from qianshou.kernel.door.registering import change_row, lock_row
from qianshou.kernel.door.sealing import read_sheets
from qianshou.kernel.door.turn import write_turn
from qianshou.kernel.pack import pack_of
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.vault import key_of
from qianshou.packs.commission.care.models import Child, Pledge
from qianshou.packs.commission.care.models.child import GUARDIANSHIP, IDENTITY

ENTRUSTMENT, NOTICE = "entrustment", "notice"
KINDS = {
    "duties": ("监护人责任清单", "Guardian's duties"),
    "prohibitions": ("监护人负面清单", "What a guardian must not do"),
    "commitment": ("监护人承诺书", "Guardian's commitment"),
    ENTRUSTMENT: ("委托监护责任书", "Entrusted care"),
}
GROUNDS = ("crime", "addiction", "neglect", "unfit")  # 未保法 22
FIELDS = {
    "child": ("儿童姓名", "the child's name"),
    "code": ("儿童编号", "the child's code"),
    "village": ("村（社区）", "the village"),
    "date": ("日期", "the date"),
    "guardian": ("监护人姓名", "the guardian's name"),
    "relation": ("监护人与儿童关系", "the guardian's relation"),
    "carer": ("受委托照护人姓名", "the carer's name"),
    "carer_relation": ("受委托照护人与儿童关系", "the carer's relation"),
    "entrusted_from": ("委托起始日", "the day from which she is entrusted"),
    "entrusted_to": ("委托截止日", "the day until which she is entrusted"),
    "keeper": ("保存单位", "who keeps the file"),
    "officer": ("经办人", "the officer"),
}
SIGNERS = dict(Pledge.SIGNERS)
ENDING = timedelta(days=30)
LARGEST_SIGNATURE, LONGEST_SIGNATURE = 400_000, 2000
Sheets = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Template:
    """A shipped template: its bytes and the digest that names its version."""

    content: bytes
    version: str


@cache
def template_of(kind: str) -> Template:
    """Return the current template of a kind of pledge, or of the notice."""
    content = (Path(__file__).parent / "documents" / f"{kind}.docx").read_bytes()
    return Template(content, version_of(content))


def spoken_day(day: date | str) -> str:
    """Return a day as a document writes it."""
    day = date.fromisoformat(day) if isinstance(day, str) else day
    return f"{day.year} 年 {day.month} 月 {day.day} 日"


def context_of(child: Child, sheets: Sheets, day: date, officer: str = "") -> dict[str, str]:
    """Return the fields of a child's documents on a day, those not known left out."""
    identity, told = sheets.get(IDENTITY, {}), sheets.get(GUARDIANSHIP, {})
    context = {
        "child": identity.get("name"),
        "code": child.code,
        "village": f"{child.town.name}{child.village.name}",
        "keeper": f"{child.town.name}人民政府、{child.village.name}",
        "date": spoken_day(day),
        "guardian": told.get("guardian"),
        "relation": _label("guardian_relation", told),
        "carer": told.get("carer"),
        "carer_relation": _label("carer_relation", told),
        "officer": officer,
    }
    for name in ("entrusted_from", "entrusted_to"):
        context[name] = spoken_day(told[name]) if told.get(name) else None
    return {name: str(value) for name, value in context.items() if value}


def _label(name: str, told: Mapping[str, Any]) -> str:
    fields = pack_of("care.enrol").form("guardianship").fields
    choices = next(field.choices for field in fields if field.id == name)
    return next((choice.zh for choice in choices if choice.value == told.get(name)), "")


def fill_document(kind: str, context: Mapping[str, str]) -> bytes:
    """Return a kind's document, filled; Refusal care.unfilled naming what the sheets lack."""
    template = template_of(kind).content
    empty = [name for name in list_fields(template) if not context.get(name)]
    if empty:
        raise Refusal(
            "care.unfilled",
            f"台账里还没有：{'、'.join(FIELDS[name][0] for name in empty)}",
            f"The registers lack {', '.join(FIELDS[name][1] for name in empty)}",
            "kind",
        )
    return fill(template, context)


def check_entrustment(sheets: Sheets) -> None:
    """Raise Refusals where a child may not be entrusted so (未保法 22): each with its remedy."""
    told = sheets.get(GUARDIANSHIP, {})
    found = []
    if not told.get("carer"):
        found.append(_wrong("carer", "没有填受委托照护人", "No carer is named"))
    if int(told.get("carer_age") or 0) < 18:
        found.append(
            _wrong("carer_age", "受委托人应当是成年人（满十八周岁）", "The carer must be an adult")
        )
    if set(GROUNDS) - set(told.get("grounds_checked") or ()):
        found.append(
            _wrong(
                "grounds_checked",
                "四种不得受托的情形还没有逐项核查",
                "The four grounds of exclusion have not all been checked",
            )
        )
    if told.get("child_heard") not in ("yes", "young"):
        found.append(
            _wrong("child_heard", "还没有听取儿童本人的意见", "The child has not been heard")
        )
    if not told.get("entrusted_from") or not told.get("entrusted_to"):
        found.append(_wrong("entrusted_from", "没有填委托起止日", "The days are not named"))
    elif told["entrusted_to"] < told["entrusted_from"]:
        found.append(_wrong("entrusted_to", "委托截止日早于起始日", "It ends before it has begun"))
    if found:
        raise Refusals(found)


def _wrong(field: str, zh: str, en: str) -> Refusal:
    return Refusal(
        "care.entrustment",
        f"委托监护：{zh}；请先更正监护台账",
        f"{en}; correct the register",
        field,
    )


def sheets_of(child: Child) -> dict[str, dict[str, Any]]:
    """Return the sheets that documents draw on, for a rule or a filled document, no page."""
    return read_sheets(child.person_id, [IDENTITY, GUARDIANSHIP], key_of(child.person_id))


def sign_on_paper(
    child: Child,
    kind: str,
    photo: bytes,
    *,
    signer: str,
    signed_on: date,
    by: Actor,
    at: datetime,
) -> Pledge:
    """Take in the photograph of a signed paper.

    Refuses a day to come or a signer who does not sign this kind (care.signed), an entrustment
    that may not be (Refusals care.entrustment) and a file that is no photo (document.kind).
    """
    day = at.astimezone(CHINA).date()
    if signed_on > day:
        raise Refusal(
            "care.signed",
            "签署日期不能晚于今天",
            "It cannot be signed later than today",
            "signed_on",
        )
    return _record(child, kind, signer, "paper", photo, signed_on, by=by, at=at)


def sign_on_phone(
    child: Child,
    kind: str,
    *,
    signer: str,
    drawn: str = "",
    typed: str = "",
    confirmed: bool = False,
    by: Actor,
    at: datetime,
) -> Pledge:
    """Take in a signature made on a phone: drawn (a PNG as data URL), or typed and confirmed.

    Refuses an empty drawing (care.signature), a name that is not the signer's (care.typed), and
    what `sign_on_paper` refuses.
    """
    day = at.astimezone(CHINA).date()
    if drawn:
        return _record(child, kind, signer, "phone", read_drawing(drawn), day, by=by, at=at)
    expected = sheets_of(child).get(GUARDIANSHIP, {}).get(signer, "")
    if not typed.strip() or typed.strip() != expected or not confirmed:
        raise Refusal(
            "care.typed",
            "请手写签名；或者输入您的姓名（与台账一致）并勾选确认",
            "Please draw your signature; or type your name as the register has it, and confirm",
            "typed",
        )
    words = f"以输入姓名并确认的方式签署：{typed.strip()}，{spoken_day(day)}"
    return _record(child, kind, signer, "phone", typed_statement(words), day, by=by, at=at)


def typed_statement(words: str) -> bytes:
    """Return a document that says by which words somebody signed who could not draw."""
    from docx import Document as new_docx

    document, out = new_docx(), BytesIO()
    document.add_paragraph(words)
    document.save(out)
    return pack_again(out.getvalue())


def read_drawing(drawn: str) -> bytes:
    """Return the PNG of a drawn signature; Refusal care.signature where nothing is drawn."""
    head, _, body = drawn.partition(",")
    try:
        raw = base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if head != "data:image/png;base64" or not 0 < len(raw) <= LARGEST_SIGNATURE:
        raise _no_signature()
    try:
        with Image.open(BytesIO(raw), formats=("PNG",)) as image:
            if max(image.size) > LONGEST_SIGNATURE:
                raise _no_signature()
            inks = [one.getextrema() for one in image.convert("RGBA").split()]
    except (OSError, ValueError, SyntaxError) as error:
        raise _no_signature() from error
    if all(ink[0] == ink[1] for ink in inks):
        raise _no_signature()
    return raw


def _no_signature() -> Refusal:
    return Refusal("care.signature", "请在框里签名", "Please sign in the box", "drawn")


def _record(
    child: Child,
    kind: str,
    signer: str,
    way: str,
    signature: bytes,
    signed_on: date,
    *,
    by: Actor,
    at: datetime,
) -> Pledge:
    if kind not in KINDS or (signer == "carer" and kind != ENTRUSTMENT) or signer not in SIGNERS:
        raise Refusal(
            "care.signed", "这份文书不由此人签署", "That person does not sign this", "signer"
        )
    sheets = sheets_of(child)
    if kind == ENTRUSTMENT:
        check_entrustment(sheets)
    document = fill_document(kind, context_of(child, sheets, signed_on))
    ends = sheets[GUARDIANSHIP].get("entrusted_to") if kind == ENTRUSTMENT else None
    signed_at = at
    if signed_on != at.astimezone(CHINA).date():
        signed_at = datetime(signed_on.year, signed_on.month, signed_on.day, 12, tzinfo=CHINA)
    photo = way == "paper"

    def keep(content: bytes, images_only: bool = False) -> Document:
        return keep_sealed_file(
            BytesIO(content), person=child.person_id, at=at, images_only=images_only
        )

    with write_turn():
        lock_row(child)
        before = Pledge.objects.filter(child=child, kind=kind, valid_to=None).first()
        if before is not None:
            if signed_on < before.valid_from:
                raise Refusal(
                    "care.signed",
                    "已有更晚签署的一份，不能用更早的替换",
                    "One that was signed later is there already",
                    "signed_on",
                )
            change_row(before, {"valid_to": signed_on}, by=by, at=at)
        pledge = change_row(
            Pledge(),
            {
                "child": child,
                "kind": kind,
                "template": template_of(kind).version,
                "signer": signer,
                "way": way,
                "document": keep(document),
                "signature": keep(signature, photo),
                "signed_at": signed_at,
                "valid_from": signed_on,
                "ends_on": date.fromisoformat(ends) if ends else None,
                "division": child.village,
            },
            by=by,
            at=at,
        )
        if before is not None:
            change_row(before, {"superseded_by": pledge}, by=by, at=at)
    return pledge


@dataclass(frozen=True)
class Standing:
    """How one kind of pledge of a child stands: "missing", "expired", "ending" within a month,
    "outdated" where its template has a new version, or "valid".
    """

    kind: str
    state: str
    pledge: Pledge | None

    @property
    def is_open(self) -> bool:
        """Whether it has to be signed (again)."""
        return self.state in ("missing", "expired", "outdated")


def state_of(pledge: Pledge | None, day: date) -> str:
    """Return how a pledge that is not replaced stands on a day."""
    if pledge is None:
        return "missing"
    if pledge.ends_on is not None and pledge.ends_on < day:
        return "expired"
    if pledge.ends_on is not None and pledge.ends_on < day + ENDING:
        return "ending"
    return "valid" if pledge.template == template_of(pledge.kind).version else "outdated"


def standings_of(children: list[Child], day: date) -> dict[int, list[Standing]]:
    """Return how the four pledges of each child stand, by the child's id (one query)."""
    rows = Pledge.objects.filter(child__in=children, valid_to=None)
    kept = {(row.child_id, row.kind): row for row in rows}
    return {
        child.pk: [
            Standing(kind, state_of(kept.get((child.pk, kind)), day), kept.get((child.pk, kind)))
            for kind in KINDS
        ]
        for child in children
    }


def missing_kinds(child: Child, day: date) -> list[str]:
    """Return the kinds that a child's people have yet to sign; an old version counts as signed."""
    standings = standings_of([child], day)[child.pk]
    return [one.kind for one in standings if one.state in ("missing", "expired")]
