"""Whatever is done to the tables behind the door's back, `verify` finds it and says where."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import DatabaseError, connection, transaction

from qianshou.kernel.ledger import triggers
from qianshou.kernel.ledger.chain import merkle_root
from qianshou.kernel.ledger.models import Entry, Seal
from qianshou.kernel.ledger.replay import Problem, verify
from qianshou.kernel.ledger.seals import seal_entries
from qianshou.kernel.worklist.models import Matter, Task
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
    import json

    entry = Entry.objects.get(subject=matter.number, seq=3)
    body = json.loads(entry.body)
    body["by"]["name"] = "别人"
    from qianshou.kernel.ledger.chain import canonical, digest

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
