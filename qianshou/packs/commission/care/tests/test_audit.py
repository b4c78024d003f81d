"""What the auditor, who is in no circle, finds in the ledger about children: nothing to name one by."""

from collections.abc import Callable
from datetime import date
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client

from qianshou.kernel.access import CLOCK
from qianshou.kernel.clock import day_of, now
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.duties.giving import give_duties
from qianshou.kernel.ledger import triggers
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.ledger.tables import tables_in_circles
from qianshou.kernel.registry.choices import labelled_choices
from qianshou.packs.commission.care.contacts import record_contact
from qianshou.packs.commission.care.hazard import open_hazard
from qianshou.packs.commission.care.letter import open_letter
from qianshou.packs.commission.care.models import Child, Contact, Eligibility, Hazard, Letter, Wish
from qianshou.packs.commission.care.tests.families import Family, actor
from qianshou.packs.commission.care.wish import open_wish
from tests.office.test_circles import plain

Browse = Callable[[str], Client]
NOWHERE = 987_654_321
ABOUT_CHILDREN = {
    "child", "contact", "eligibility", "guardianlink", "handover", "hazard", "letter", "pledge",
    "samplevisit", "wish",
}  # fmt: skip


@pytest.fixture
def child(district: None) -> Child:
    """Return a girl about whom every kind of row is written down that one act makes."""
    at = now()
    found = Family(at).child()
    give_duties(at)
    lin = actor("lin_yue", at)
    record_contact(found, "visit", day_of(at), {"note": "想妈妈"}, by=lin, at=at)
    open_hazard(found, {"hazard_kind": "dwelling", "seen": "屋顶漏雨"}, by=lin, at=at)
    kind, band = (labelled_choices(one, "zh-hans")[0][0] for one in ("care.wish", "care.band"))
    open_wish(found, kind, band, "一个书包", by=lin, at=at)
    open_letter(found, "post", by=lin, at=at)
    change_row(
        Eligibility(),
        {
            "child": found,
            "is_eligible": True,
            "reasons": ["both_away"],
            "table": "x",
            "valid_from": date(2026, 1, 1),
        },
        by=lin,
        at=at,
    )
    return found


def subjects(child: Child) -> list[str]:
    rows = [child, *(model.objects.get() for model in (Contact, Hazard, Wish, Letter, Eligibility))]
    return [f"{row._meta.model_name}/{row.pk}" for row in rows]


def test_the_tables_about_children_are_known_by_where_they_point() -> None:
    assert tables_in_circles() == ABOUT_CHILDREN


def test_the_auditor_finds_no_row_about_a_child_by_its_number_or_in_the_list(
    browse: Browse, child: Child
) -> None:
    auditor = browse("audit_admin")
    for subject in subjects(child):
        table = subject.partition("/")[0]
        for act in ("", "register", "amend"):
            asked = {"subject": subject, "act": act}
            found = auditor.get("/audit/", asked)
            none = auditor.get("/audit/", {**asked, "subject": f"{table}/{NOWHERE}"})
            mine, others = subject, f"{table}/{NOWHERE}"
            assert plain(found, mine, quote(mine, "")) == plain(none, others, quote(others, ""))
    page = auditor.get("/audit/").content.decode()
    assert not any(f">{table}/" in page for table in ABOUT_CHILDREN)
    assert ">person/" in page


def test_the_total_does_not_count_them(browse: Browse, child: Child) -> None:
    auditor = browse("audit_admin")

    def total() -> str:
        page = auditor.get("/audit/").content.decode()
        return page.partition("台账条数</dt>")[2].partition("</dd>")[0]

    before = total()
    record_contact(child, "talk", day_of(now()), {}, by=actor("lin_yue", now()), at=now())
    change_row(Hazard.objects.get(), {"level": "ordinary"}, by=CLOCK, at=now())
    assert total() == before
    change_row(child.person, {"erase_on": date(2040, 1, 1)}, by=CLOCK, at=now())
    assert total() != before


def test_harm_to_such_a_row_is_told_without_its_number(browse: Browse, child: Child) -> None:
    hazard = Hazard.objects.get()
    triggers.remove(connection)
    Hazard.objects.filter(pk=hazard.pk).update(kind="water")
    triggers.install(connection)
    assert [problem.subject for problem in verify()] == [f"hazard/{hazard.pk}"]
    text = plain(browse("audit_admin").post("/audit/check/"))[2]
    assert "qianshou verify" in text
    assert "hazard" not in text.partition("<main")[2].partition("</main")[0]
