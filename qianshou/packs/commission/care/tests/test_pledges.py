"""What is signed: filled, on paper, on a phone, replaced, renewed; who may be entrusted."""

import zipfile
from datetime import date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction

from qianshou.kernel.access import CLOCK
from qianshou.kernel.documents.store import read_document
from qianshou.kernel.documents.templates import list_fields, read_lines
from qianshou.kernel.door.sealing import change_sheet, erase_person
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.packs.commission.care import pledges
from qianshou.packs.commission.care.models import Child, Pledge
from qianshou.packs.commission.care.models.child import GUARDIANSHIP
from qianshou.packs.commission.care.pledges import (
    FIELDS,
    KINDS,
    NOTICE,
    Template,
    context_of,
    fill_document,
    missing_kinds,
    read_drawing,
    sheets_of,
    sign_on_paper,
    sign_on_phone,
    standings_of,
    template_of,
)
from qianshou.packs.commission.care.tests.children import (
    BOTH_AWAY,
    ENTRUSTED,
    NAME,
    actor,
    drawing,
    ledger_text,
    make_child,
    photo,
)


@pytest.fixture
def child(district: None, at: datetime) -> Child:
    """Return a girl whose grandmother has been entrusted as she should be."""
    return make_child(at, guardianship=BOTH_AWAY | ENTRUSTED)


def on_paper(child: Child, kind: str, at: datetime, **changed: Any) -> Pledge:
    told = {"signer": "guardian", "signed_on": at.date(), "by": actor("fang_ting", at), **changed}
    return sign_on_paper(child, kind, photo(), at=at, **told)


def on_phone(child: Child, kind: str, at: datetime, **told: Any) -> Pledge:
    return sign_on_phone(child, kind, **{"signer": "guardian", "by": CLOCK, "at": at, **told})


def codes_of(refused: pytest.ExceptionInfo[Any]) -> list[tuple[str, str | None]]:
    found = refused.value
    several = found.refusals if isinstance(found, Refusals) else (found,)
    return [(one.code, one.field) for one in several]


@pytest.mark.parametrize("kind", [*KINDS, NOTICE])
def test_every_template_asks_only_for_what_the_registers_can_tell(kind: str) -> None:
    assert set(list_fields(template_of(kind).content)) <= set(FIELDS)


@pytest.mark.parametrize("kind", [*KINDS, NOTICE])
def test_a_filled_document_names_the_child_and_leaves_no_mark_of_the_template(
    child: Child, at: datetime, kind: str
) -> None:
    context = context_of(child, sheets_of(child), at.date(), "方婷")
    content = fill_document(kind, context)
    text = "\n".join(line.text for line in read_lines(content))
    assert NAME in text
    assert "黎大海" in text
    assert "{{" not in text
    assert fill_document(kind, context) == content


def test_the_duties_and_prohibitions_cite_the_law_they_come_from() -> None:
    for kind, article in (("duties", "第十六条"), ("prohibitions", "第十七条")):
        lines = read_lines(template_of(kind).content)
        assert any(article in line.text for line in lines)
        assert len([line for line in lines if line.text[0].isdigit()]) >= 11


def test_a_paper_is_signed_filled_and_photographed_under_the_childs_key(
    child: Child, at: datetime
) -> None:
    pledge = on_paper(child, "duties", at)
    assert (pledge.way, pledge.template) == ("paper", template_of("duties").version)
    assert pledge.document is not None
    assert pledge.signature is not None
    document = read_document(pledge.document)
    with zipfile.ZipFile(BytesIO(document)) as archive:
        assert NAME in archive.read("word/document.xml").decode()
    assert read_document(pledge.signature)[:3] == b"\xff\xd8\xff"
    assert missing_kinds(child, at.date()) == ["prohibitions", "commitment", "entrustment"]
    assert list(verify()) == []


def test_nothing_of_a_pledge_lies_in_clear(child: Child, at: datetime) -> None:
    folder = Path(settings.DOCUMENTS_ROOT)
    before = set(folder.glob("??/*"))
    for kind in KINDS:
        on_phone(child, kind, at, drawn=drawing())
    kept = [path.read_bytes() for path in set(folder.glob("??/*")) - before]
    assert kept
    told = ledger_text()
    for secret in (NAME, "黎大海", "田桂芳"):
        assert secret not in told
        assert all(secret.encode() not in content for content in kept)
    assert all(content[:4] in (b"SM4G", b"AESG") for content in kept if content[:2] != b"\xff\xd8")


def test_a_destroyed_key_takes_the_signed_documents_with_it(child: Child, at: datetime) -> None:
    pledge = on_paper(child, "duties", at)
    erase_person(child.person_id, by=CLOCK, at=at, reason="保存期满")
    assert pledge.document is not None
    with pytest.raises(Refusal) as gone:
        read_document(pledge.document)
    assert gone.value.code == "vault.erased"


def test_on_a_phone_a_drawn_signature_is_kept_as_it_was_drawn(child: Child, at: datetime) -> None:
    pledge = on_phone(child, "commitment", at, drawn=drawing())
    assert pledge.way == "phone"
    assert pledge.signature is not None
    assert read_document(pledge.signature)[:4] == b"\x89PNG"


@pytest.mark.parametrize(
    "drawn", ["data:image/png;base64,", "data:image/png;base64,AAAA", "junk", drawing(ink="")]
)
def test_an_empty_or_broken_drawing_is_no_signature(drawn: str) -> None:
    with pytest.raises(Refusal) as refused:
        read_drawing(drawn)
    assert refused.value.code == "care.signature"


def test_without_a_pen_the_signers_own_name_is_typed_and_confirmed(
    child: Child, at: datetime
) -> None:
    for typed, confirmed in (("黎大海", False), ("王二", True), ("", True)):
        with pytest.raises(Refusal) as refused:
            on_phone(child, "duties", at, typed=typed, confirmed=confirmed)
        assert refused.value.code == "care.typed"
    pledge = on_phone(child, "duties", at, typed=" 黎大海 ", confirmed=True)
    assert pledge.signature is not None
    lines = read_lines(read_document(pledge.signature))
    assert "黎大海" in lines[0].text


def test_a_new_signature_supersedes_the_one_before_and_keeps_it(child: Child, at: datetime) -> None:
    first = on_paper(child, "duties", at)
    second = on_phone(child, "duties", at + timedelta(days=30), drawn=drawing())
    first.refresh_from_db()
    assert first.superseded_by == second
    assert first.valid_to == second.valid_from
    assert first.document is not None
    assert read_document(first.document)
    assert Pledge.objects.filter(child=child, valid_to=None).get() == second
    with pytest.raises(Refusal) as older:
        on_paper(child, "duties", at + timedelta(days=31), signed_on=at.date())
    assert older.value.code == "care.signed"
    assert list(verify()) == []


def test_the_table_itself_holds_one_valid_pledge_of_a_kind(child: Child, at: datetime) -> None:
    pledge = on_paper(child, "duties", at)
    pledge.pk = None
    pledge._state.adding = True
    with pytest.raises(IntegrityError), transaction.atomic():
        pledge.save()


def test_a_new_version_of_a_template_lists_what_is_to_be_renewed(
    child: Child, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_paper(child, "duties", at)
    on_paper(child, "commitment", at)
    kept = template_of("duties")
    other = Template(template_of("prohibitions").content, "0" * 64)
    monkeypatch.setattr(
        pledges, "template_of", lambda kind: other if kind == "duties" else template_of(kind)
    )
    found = {one.kind: one.state for one in standings_of([child], at.date())[child.pk]}
    assert found == {
        "duties": "outdated",
        "prohibitions": "missing",
        "commitment": "valid",
        "entrustment": "missing",
    }
    on_paper(child, "duties", at)
    assert Pledge.objects.filter(child=child, template=kept.version, valid_to=None).count() == 0


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"carer": None}, "carer"),
        ({"carer_age": 17}, "carer_age"),
        ({"carer_age": None}, "carer_age"),
        ({"grounds_checked": ["crime", "addiction", "neglect"]}, "grounds_checked"),
        ({"child_heard": "no"}, "child_heard"),
        ({"entrusted_to": None}, "entrusted_from"),
        ({"entrusted_to": "2025-01-01"}, "entrusted_to"),
    ],
)
def test_nobody_is_entrusted_against_the_law(
    child: Child, at: datetime, changed: dict[str, Any], field: str
) -> None:
    change_sheet(child.person_id, GUARDIANSHIP, changed, by=CLOCK, at=at)
    with pytest.raises(Refusals) as refused:
        on_paper(child, "entrustment", at)
    assert codes_of(refused) == [("care.entrustment", field)]
    on_paper(child, "duties", at)


def test_a_carer_signs_the_entrustment_and_nothing_else(child: Child, at: datetime) -> None:
    pledge = on_phone(child, "entrustment", at, signer="carer", typed="田桂芳", confirmed=True)
    assert pledge.ends_on == date(2027, 2, 9)
    with pytest.raises(Refusal) as refused:
        on_phone(child, "duties", at, signer="carer", drawn=drawing())
    assert refused.value.code == "care.signed"
    for day, state in ((20, "valid"), (21, "ending"), (51, "expired")):
        later = standings_of([child], date(2026, 12, 21) + timedelta(days=day))[child.pk]
        assert next(one.state for one in later if one.kind == "entrustment") == state


def test_what_the_registers_lack_is_named_before_anybody_signs(child: Child, at: datetime) -> None:
    change_sheet(child.person_id, GUARDIANSHIP, {"guardian": None}, by=CLOCK, at=at)
    with pytest.raises(Refusal) as refused:
        on_paper(child, "duties", at)
    assert refused.value.code == "care.unfilled"
    assert "监护人姓名" in refused.value.zh


def test_nothing_is_signed_tomorrow(child: Child, at: datetime) -> None:
    with pytest.raises(Refusal) as refused:
        on_paper(child, "duties", at, signed_on=at.date() + timedelta(days=1))
    assert (refused.value.code, refused.value.field) == ("care.signed", "signed_on")
