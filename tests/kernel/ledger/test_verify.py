"""Whatever is done to the tables behind the door's back, `verify` finds it and says where."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from qianshou.kernel import door
from qianshou.kernel.access import CLOCK, Actor
from qianshou.kernel.door import acts
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.door.sealing import change_sheet, register_person
from qianshou.kernel.ledger import triggers
from qianshou.kernel.ledger.chain import canonical, digest, merkle_root
from qianshou.kernel.ledger.models import Entry, Seal
from qianshou.kernel.ledger.problem import Problem
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.ledger.seals import seal_entries
from qianshou.kernel.ledger.tables import StoredMatter, stored_matters
from qianshou.kernel.registry.models import Division, Officer, Organisation, Post, Shift
from qianshou.kernel.worklist.models import Matter, Party, Subscription, Task, Timer
from tests.kernel.conftest import Office


@contextmanager
def behind_the_doors_back() -> Iterator[None]:
    """Take the triggers off for a moment, as somebody with the database's keys could."""
    triggers.remove(connection)
    yield
    triggers.install(connection)


def found(office: Office) -> list[Problem]:
    return list(verify())


@pytest.fixture
def matter(office: Office) -> Matter:
    opened = office.open()
    office.complete(opened, "t1")
    office.complete(opened, "t2")
    assert seal_entries(office.at) is not None
    assert found(office) == []
    return Matter.objects.get(pk=opened)


@pytest.mark.parametrize("sql", ["UPDATE ledger_entry SET body = ''", "DELETE FROM ledger_entry"])
def test_the_database_refuses_to_change_the_ledger(matter: Matter, sql: str) -> None:
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


def test_one_changed_character_is_found(office: Office, matter: Matter) -> None:
    entry = Entry.objects.get(subject=matter.number, seq=2)
    entry.body = entry.body.replace('"again":0', '"again":1')
    with behind_the_doors_back():
        entry.save()
    (problem,) = found(office)
    assert (problem.subject, problem.seq) == (matter.number, 2)
    assert "altered" in problem.en


@pytest.mark.parametrize("column", ["node", "act", "officer_id"])
def test_a_changed_column_is_found(office: Office, matter: Matter, column: str) -> None:
    with behind_the_doors_back():
        Entry.objects.filter(subject=matter.number, seq=2).update(
            **{column: 7 if column == "officer_id" else "other"}
        )
    assert [(problem.subject, problem.seq) for problem in found(office)] == [(matter.number, 2)]


@pytest.mark.parametrize("moved", [timedelta(microseconds=1), timedelta(days=-1)])
def test_a_moved_instant_is_found(office: Office, matter: Matter, moved: timedelta) -> None:
    entry = Entry.objects.get(subject=matter.number, seq=2)
    with behind_the_doors_back():
        Entry.objects.filter(pk=entry.pk).update(at=entry.at + moved)
    assert [(problem.subject, problem.seq) for problem in found(office)] == [(matter.number, 2)]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL takes instants only")
def test_an_instant_that_is_none_is_found(office: Office, matter: Matter) -> None:
    with behind_the_doors_back(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE ledger_entry SET at = 'noon' WHERE subject = %s AND seq = 2", [matter.number]
        )
    assert [(problem.subject, problem.seq) for problem in found(office)] == [(matter.number, 2)]


def test_a_missing_entry_is_found(office: Office, matter: Matter) -> None:
    with behind_the_doors_back():
        Entry.objects.filter(subject=matter.number, seq=2).delete()
    problems = found(office)
    assert (problems[0].subject, problems[0].seq) == (matter.number, 2)
    assert any(problem.subject.startswith("seal/") for problem in problems)


def test_a_cut_tail_is_found(office: Office, matter: Matter) -> None:
    with behind_the_doors_back():
        Entry.objects.filter(subject=matter.number, seq=3).delete()
    assert any("end of its chain" in problem.en for problem in found(office))


def test_swapped_entries_are_found(office: Office, matter: Matter) -> None:
    second, third = Entry.objects.filter(subject=matter.number, seq__gt=1).order_by("seq")
    with behind_the_doors_back():
        Entry.objects.filter(pk=second.pk).update(seq=99)
        Entry.objects.filter(pk=third.pk).update(seq=2)
        Entry.objects.filter(pk=second.pk).update(seq=3)
    assert found(office)[0].seq == 2


def test_a_forged_chain_is_found_by_its_seal(office: Office, matter: Matter) -> None:
    """Somebody rewrites the last entry and its hash and the matter's head: the seal tells."""
    entry = Entry.objects.get(subject=matter.number, seq=3)
    body = json.loads(entry.body)
    body["by"]["name"] = "别人"
    entry.body = canonical(body)
    entry.hash = digest(entry.body)
    with behind_the_doors_back():
        entry.save()
    Matter.objects.filter(pk=matter.pk).update(head=entry.hash)
    assert [problem.subject.split("/")[0] for problem in found(office)] == ["seal"]


def test_a_whole_matter_taken_away_is_found(office: Office, matter: Matter) -> None:
    with behind_the_doors_back():
        Entry.objects.filter(subject=matter.number).delete()
    assert any("no entry at all" in problem.en for problem in found(office))


def test_a_changed_state_is_found(office: Office, matter: Matter) -> None:
    Matter.objects.filter(pk=matter.pk).update(state=matter.state.replace("again", "weiter"))
    assert [problem.subject for problem in found(office)] == [matter.number]


def test_a_postponed_deadline_is_found(office: Office, matter: Matter) -> None:
    task = Task.objects.filter(matter=matter, state=0).earliest("id")
    Task.objects.filter(pk=task.pk).update(due_at=task.due_at.replace(year=2030))
    assert [problem.subject for problem in found(office)] == [matter.number]


def test_a_seal_that_is_rewritten_is_found(office: Office, matter: Matter) -> None:
    with behind_the_doors_back():
        Seal.objects.update(root="0" * 64)
    assert [problem.subject.split("/")[0] for problem in found(office)] == ["seal"]


@pytest.mark.parametrize(
    "body", ["not json", "[]", "{}", '{"by":1}', '{"by":{}}', "[" * 100_000], ids=len
)
def test_a_body_that_cannot_be_read_is_reported_and_the_others_are_checked(
    office: Office, matter: Matter, body: str
) -> None:
    other = Matter.objects.get(pk=office.open())
    Matter.objects.filter(pk=other.pk).update(title="别的")
    with behind_the_doors_back():
        Entry.objects.filter(subject=matter.number, seq=2).update(body=body, hash=digest(body))
    unreadable, changed, seal = found(office)
    assert (unreadable.subject, unreadable.seq) == (matter.number, 2)
    assert "cannot be read" in unreadable.en
    assert (changed.subject, seal.subject) == (other.number, f"seal/{Seal.objects.get().pk}")


@pytest.mark.parametrize("facts", ["x", {"home": 7}, {"again": "x", "home": None}])
def test_facts_that_the_engine_cannot_take_are_reported(
    office: Office, matter: Matter, facts: Any
) -> None:
    entries = Entry.objects.filter(subject=matter.number).order_by("seq")
    prev = ""
    with behind_the_doors_back():
        for entry in entries:
            body = {**json.loads(entry.body), "prev": prev, "facts": facts}
            entry.prev, entry.body = prev, canonical(body)
            entry.hash = prev = digest(entry.body)
            entry.save()
    Matter.objects.filter(pk=matter.pk).update(head=prev)
    assert {problem.subject.split("/")[0] for problem in found(office)} == {matter.number, "seal"}


def test_a_state_that_cannot_be_read_is_reported(office: Office, matter: Matter) -> None:
    Matter.objects.filter(pk=matter.pk).update(state="not json")
    assert [problem.subject for problem in found(office)] == [matter.number]


def test_a_hash_that_is_none_is_reported(office: Office, matter: Matter) -> None:
    with behind_the_doors_back():
        Entry.objects.filter(subject=matter.number, seq=2).update(hash="none")
    assert len(found(office)) == 2


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ("title", "title"),
        ("organisation", "organisation"),
        ("division", "division"),
        ("receipt_digest", "receipt"),
        ("supervised", "supervised"),
    ],
)
def test_a_matter_s_changed_column_is_found(
    office: Office, matter: Matter, column: str, said: str
) -> None:
    values = {
        "title": "别的",
        "organisation": Organisation.objects.get(code="second"),
        "division": Division.objects.create(
            path="2.", kind="town", name="别处", code="2", code_system="t",
            valid_from=office.at.date(),
        ),
        "receipt_digest": "0" * 64,
        "supervised": True,
    }  # fmt: skip
    Matter.objects.filter(pk=matter.pk).update(**{column: values[column]})
    (problem,) = found(office)
    assert problem.subject == matter.number
    assert problem.en.endswith(f": {said}")


@pytest.mark.parametrize("column", ["posts", "assignee", "organisation", "node", "blocks"])
def test_a_task_s_changed_column_is_found(office: Office, matter: Matter, column: str) -> None:
    values = {
        "posts": "bench_head",
        "assignee": office.zhao.officer,
        "organisation": Organisation.objects.get(code="second"),
        "node": "t1",
        "blocks": Task.objects.filter(matter=matter, state=0).latest("id"),
    }
    task = Task.objects.filter(matter=matter, state=0).earliest("id")
    Task.objects.filter(pk=task.pk).update(**{column: values[column]})
    (problem,) = found(office)
    assert problem.subject == matter.number
    assert problem.en.endswith(": tasks")


def test_whoever_holds_a_task_by_the_acts_holds_it(office: Office, matter: Matter) -> None:
    task = office.task(matter.pk, "t3")

    def do(act: acts.Act, by: Actor) -> None:
        door.act(act, by=by, at=office.at)
        assert found(office) == []

    assert office.li.officer is not None
    do(acts.Claim(task), office.wang)
    do(acts.Transfer(task, office.li.officer, "我出差"), office.wang)
    do(acts.Release(task), office.li)
    do(acts.Supervise(matter.pk, "请抓紧"), office.sun)
    do(acts.Supervise(matter.pk, "已改正", on=False), office.sun)


@pytest.mark.parametrize("added", [True, False])
def test_a_party_added_or_taken_away_is_found(office: Office, matter: Matter, added: bool) -> None:
    if added:
        Party.objects.create(matter=matter, organisation=Organisation.objects.get(code="second"))
    else:
        Party.objects.filter(matter=matter).delete()
    (problem,) = found(office)
    assert problem.en.endswith(": parties")


def test_a_message_awaited_that_is_not_is_found(office: Office, matter: Matter) -> None:
    Subscription.objects.create(matter=matter, token=1, message="reply")
    (problem,) = found(office)
    assert problem.en.endswith(": awaited")


def test_a_postponed_timer_is_found(office: Office, matter: Matter) -> None:
    for node in ("t3", "t4", "call/c1", "call/c2"):
        office.complete(matter.pk, node)
    timer = Timer.objects.get(matter=matter)
    Timer.objects.filter(pk=timer.pk).update(due_at=timer.due_at + timedelta(days=1))
    (problem,) = found(office)
    assert problem.en.endswith(": timers")


# The registry


@pytest.fixture
def clerk(office: Office) -> Officer:
    """Return an officer whose account was made and amended through the door."""
    values = {"username": "clerk", "name": "何峰", "role": "officer", "password": "!"}
    row = change_row(Officer(), values, by=CLOCK, at=office.at)
    at = office.at + timedelta(days=1)
    change_row(row, {"role": "audit", "locked_until": at}, by=CLOCK, at=office.at)
    assert found(office) == []
    return row


def test_a_changed_registry_row_is_found(office: Office, clerk: Officer) -> None:
    Officer.objects.filter(pk=clerk.pk).update(role="security")
    (problem,) = found(office)
    assert problem.subject == f"officer/{clerk.pk}"
    assert problem.en.endswith(": role")


def test_a_registry_row_taken_away_is_found(office: Office, clerk: Officer) -> None:
    Officer.objects.filter(pk=clerk.pk).delete()
    assert [problem.subject for problem in found(office)] == [f"officer/{clerk.pk}"]


@pytest.mark.parametrize("forged", [{}, {"after": 7}, {"after": {"starts_at": "x"}}], ids=len)
def test_a_registry_entry_that_says_nothing_sensible_is_reported(
    office: Office, forged: dict[str, Any]
) -> None:
    values = {
        "organisation": Organisation.objects.get(code="first"),
        "post": Post.objects.get(pk="bench_seat"),
        "officer": Officer.objects.get(username="li"),
        "starts_at": office.at,
        "ends_at": office.at + timedelta(hours=8),
    }
    shift = change_row(Shift(), values, by=CLOCK, at=office.at)
    assert found(office) == []
    entry = Entry.objects.get(subject=f"shift/{shift.pk}")
    body = json.loads(entry.body)
    del body["after"]
    entry.body = canonical({**body, **forged})
    entry.hash = digest(entry.body)
    with behind_the_doors_back():
        entry.save()
    assert [problem.subject for problem in found(office)] == [f"shift/{shift.pk}"]


def test_a_registry_row_s_last_entry_taken_away_is_found(office: Office, clerk: Officer) -> None:
    with behind_the_doors_back():
        Entry.objects.filter(subject=f"officer/{clerk.pk}", seq=2).delete()
    assert found(office)[0].subject == f"officer/{clerk.pk}"


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL leaves gaps of its own")
def test_a_registry_row_s_only_entries_taken_away_are_found(office: Office, clerk: Officer) -> None:
    """Nothing else tells of them, and no seal covers them yet: their numbers are missing."""
    Officer.objects.filter(pk=clerk.pk).update(role="security")
    with behind_the_doors_back():
        Entry.objects.filter(subject=f"officer/{clerk.pk}").delete()
    (problem,) = found(office)
    assert "2 entries that were not sealed yet" in problem.en


def test_failed_log_ins_are_no_problem(office: Office, clerk: Officer) -> None:
    Officer.objects.filter(pk=clerk.pk).update(failures=3, locked_until=None)
    assert found(office) == []


def test_what_was_rolled_back_is_not_missing(office: Office, matter: Matter) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        office.complete(matter.pk, "t3")
        raise ZeroDivisionError
    assert found(office) == []


def test_both_hashes_stand_side_by_side(office: Office, settings: Any) -> None:
    """The setting changes twice in the middle of a matter and of a row; every entry says its own."""
    matter = office.open()
    row = change_row(
        Officer(),
        {"username": "c", "name": "何峰", "role": "officer", "password": "!"},
        by=CLOCK,
        at=office.at,
    )
    person = register_person({"care.family": {"a": "b"}}, by=CLOCK, at=office.at)
    for place, name in enumerate(("sm3", "sha256", "sm3"), start=1):
        settings.HASH = name
        office.complete(matter, f"t{place}")
        change_row(row, {"name": f"何{place}"}, by=CLOCK, at=office.at)
        change_sheet(person.pk, "care.family", {"a": name}, by=CLOCK, at=office.at)
        assert seal_entries(office.at) is not None
    settings.HASH = "sha256"
    number = Matter.objects.get(pk=matter).number
    used = Entry.objects.filter(subject=number).order_by("seq").values_list("algorithm", flat=True)
    assert list(used) == ["sha256", "sm3", "sha256", "sm3"]
    assert set(Seal.objects.values_list("algorithm", flat=True)) == {"sha256", "sm3"}
    assert found(office) == []
    with behind_the_doors_back():
        Entry.objects.filter(subject=number, seq=4).update(algorithm="sha256")
    assert [(problem.subject, problem.seq) for problem in found(office)] == [(number, 4)]


@pytest.mark.parametrize("name", ["md5", "blake2b", "nobody"])
def test_a_hash_that_the_ledger_does_not_use_proves_nothing(
    office: Office, matter: Matter, name: str
) -> None:
    with behind_the_doors_back():
        Seal.objects.update(algorithm=name)
        Entry.objects.filter(subject=matter.number, seq=1).update(algorithm=name)
    assert {one.subject.split("/")[0] for one in found(office)} == {matter.number, "seal"}


# Seals


@pytest.mark.parametrize("all_of_them", [True, False])
def test_seals_taken_away_are_found(office: Office, matter: Matter, all_of_them: bool) -> None:
    office.open()
    assert seal_entries(office.at) is not None
    kept = Seal.objects.earliest("pk")
    with behind_the_doors_back():
        (Seal.objects.all() if all_of_them else Seal.objects.exclude(pk=kept.pk)).delete()
    late = office.at + timedelta(hours=2)
    assert "not been sealed" in list(verify(at=late))[-1].en
    if connection.vendor == "sqlite":
        (problem,) = found(office)
        assert problem.en == f"{2 if all_of_them else 1} seals are missing"


def test_entries_wait_for_a_seal_for_a_while(office: Office, matter: Matter) -> None:
    office.open()
    assert list(verify(at=office.at + timedelta(minutes=59))) == []


def test_progress_is_told(office: Office, matter: Matter) -> None:
    told: list[tuple[int, int]] = []
    list(verify(progress=lambda done, total: told.append((done, total))))
    assert told[-1][0] == told[-1][1] == Entry.objects.count()


def test_sealing_twice_seals_nothing_twice(office: Office, matter: Matter) -> None:
    assert seal_entries(office.at) is None


def test_a_merkle_root_follows_rfc_6962() -> None:
    assert merkle_root(["00"], "sha256") == (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
    )
    assert merkle_root(["00", "01"], "sha256") != merkle_root(["01", "00"], "sha256")
    with pytest.raises(ValueError, match="leaf"):
        merkle_root([])


def test_what_is_done_while_the_ledger_is_verified_is_no_problem(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    matter = office.open()

    def read_and_go_on(subject: str = "") -> dict[str, StoredMatter]:
        stored = stored_matters(subject)
        if not subject:
            office.complete(matter, "t1")
        return stored

    monkeypatch.setattr("qianshou.kernel.ledger.replay.stored_matters", read_and_go_on)
    assert list(verify()) == []
