"""An administrator holds no post: the page says so beside the field, and both databases refuse it."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from qianshou.kernel.clock import day_of, now
from qianshou.kernel.door.registering import history_of
from qianshou.kernel.registry.models import Officer, Posting
from tests.office.town import Town, make, send


def test_no_administrator_is_given_a_post(db: None) -> None:
    town = Town()
    sent = {
        "officer": town.system.pk, "post": "seat", "organisation": town.centre.pk,
        "kind": "holder", "from_date": "2026-01-01", "to_date": "",
    }  # fmt: skip
    answer = send(town.client(town.security), "registry-new", "postings", **sent)
    assert answer.status_code == 422
    assert "管理员不能任职" in answer.content.decode()
    assert not Posting.objects.filter(officer=town.system).exists()


def test_the_database_keeps_administrators_and_posts_apart(db: None) -> None:
    town = Town()
    post = {"post": town.seat, "organisation": town.centre, "from_date": date(2026, 1, 1)}
    with pytest.raises(IntegrityError, match="holds no post"), transaction.atomic():
        Posting.objects.create(officer=town.audit, **post)
    with pytest.raises(IntegrityError, match="holds no post"), transaction.atomic():
        Posting.objects.filter(officer=town.zhang).update(officer=town.audit)
    with pytest.raises(IntegrityError, match="holds no post"), transaction.atomic():
        Officer.objects.filter(pk=town.zhang.pk).update(role="security")
    make(Posting.objects.get(officer=town.zhang), to_date=date(2026, 6, 30))
    assert Officer.objects.filter(pk=town.zhang.pk).update(role="security") == 1
    with pytest.raises(IntegrityError, match="officer_has_one_role"), transaction.atomic():
        Officer.objects.filter(pk=town.audit.pk).update(role="both")


def test_the_last_day_of_the_last_posting_must_be_over(db: None) -> None:
    town, today = Town(), day_of(now())
    zhang = Officer.objects.filter(pk=town.zhang.pk)
    for ends in (today + timedelta(days=30), today):
        make(Posting.objects.get(officer=town.zhang), to_date=ends)
        with pytest.raises(IntegrityError, match="holds no post"), transaction.atomic():
            zhang.update(role="security")
    make(Posting.objects.get(officer=town.zhang), to_date=today - timedelta(days=1))
    assert zhang.update(role="security") == 1


def test_no_administrator_takes_up_an_ended_posting_again(db: None) -> None:
    town, today = Town(), day_of(now())
    posting = Posting.objects.filter(officer=town.zhang)
    make(posting.get(), to_date=date(2026, 6, 30))
    make(town.zhang, role="audit")
    for ends in (None, today, today + timedelta(days=30)):
        with pytest.raises(IntegrityError, match="holds no post"), transaction.atomic():
            posting.update(to_date=ends)
        seq = history_of(posting.get())[-1]["seq"]
        sent = {"kind": "holder", "to_date": "" if ends is None else ends.isoformat(), "seq": seq}
        client = town.client(town.security)
        answer = send(client, "registry-row", "postings", posting.get().pk, **sent)
        assert answer.status_code == 422
        near = answer.content.decode().partition('name="to_date"')[2].partition("</div>")[0]
        assert "管理员不能任职" in near
    assert posting.get().to_date == date(2026, 6, 30)
    assert posting.update(to_date=date(2026, 5, 31)) == 1
