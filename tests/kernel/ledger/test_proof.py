"""A proof and a deposit stand without the database, and name whatever was touched since."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from qianshou import proofs
from qianshou.cli import main, say
from qianshou.kernel.ledger.chain import digest, merkle_path, merkle_root, root_above
from qianshou.kernel.ledger.deposit import (
    check_deposit,
    digest_of_deposit,
    last_of_each_day,
    make_deposit,
)
from qianshou.kernel.ledger.models import Entry, Seal
from qianshou.kernel.ledger.proof import check_proof, prove_entry
from qianshou.kernel.ledger.seals import seal_entries
from qianshou.kernel.refusal import Refusal
from qianshou.office.deposits import sheet_of
from tests.kernel.conftest import Office
from tests.kernel.ledger.test_verify import behind_the_doors_back

HASHES = some.lists(some.binary(min_size=32, max_size=32).map(bytes.hex), min_size=1, max_size=40)


@given(HASHES, some.data(), some.sampled_from(["sha256", "sm3"]))
def test_every_leaf_has_a_path_to_the_root_and_no_other_leaf_has_it(
    leaves: list[str], drawn: some.DataObject, algorithm: str
) -> None:
    place = drawn.draw(some.integers(0, len(leaves) - 1))
    path, root = merkle_path(leaves, place, algorithm), merkle_root(leaves, algorithm)
    assert root_above(leaves[place], path, algorithm) == root
    other = digest(leaves[place], algorithm)
    assert root_above(other, path, algorithm) != root
    assert len(path) <= (len(leaves) - 1).bit_length()


@pytest.fixture
def sealed(office: Office, settings: Any) -> Office:
    """Return the office with three seals on two days, of both algorithms, over five entries."""
    matter = office.open()
    office.complete(matter, "t1")
    seal_entries(office.at)
    settings.HASH = "sm3"
    office.complete(matter, "t2")
    office.complete(matter, "t3")
    seal_entries(office.at + timedelta(minutes=1))
    office.open()
    seal_entries(office.at + timedelta(days=1))
    return office


def mended(proof: dict[str, Any]) -> dict[str, Any]:
    """Return the proof as a file gives it back."""
    told: dict[str, Any] = json.loads(json.dumps(proof))
    return told


def test_each_entry_has_a_proof_that_holds(sealed: Office) -> None:
    for number in Entry.objects.values_list("pk", flat=True):
        assert list(check_proof(mended(prove_entry(number)))) == []


@pytest.mark.parametrize(
    ("part", "said"),
    [
        (("entry", "body"), "text was altered"),
        (("entry", "seq"), "text was altered"),
        (("entry", "hash"), "text was altered"),
        (("entry", "id"), "not under seal"),
        (("path", 0), "not under seal"),
        (("seal", "root"), "not under seal"),
        (("seal", "at"), "its hash does not match"),
        (("seal", "prev"), "its hash does not match"),
        (("seal", "hash"), "its hash does not match"),
    ],
)
def test_a_proof_that_was_touched_says_where(
    sealed: Office, part: tuple[str, Any], said: str
) -> None:
    proof = mended(prove_entry(Entry.objects.all()[1].pk))
    holder, name = part
    value = proof[holder][name]
    if holder == "path":
        proof["path"][0] = [value[0], digest("other")]
    elif isinstance(value, int):
        proof[holder][name] = value + 1000
    elif name == "body":
        proof[holder][name] = value.replace('"v":1', '"v":2')
    else:
        proof[holder][name] = digest("other") if name != "at" else value.replace("2026", "2025")
    assert said in " ".join(problem.en for problem in check_proof(proof))


@pytest.mark.parametrize(
    "broken", [{}, {"entry": 1}, {"entry": {"subject": "x"}, "seal": {}}], ids=len
)
def test_what_is_no_proof_is_refused(broken: dict[str, Any]) -> None:
    with pytest.raises(Refusal) as refused:
        list(check_proof(broken))
    assert refused.value.code == "proof.unreadable"


def test_only_what_is_there_and_sealed_can_be_proven(sealed: Office) -> None:
    sealed.open()
    for number, code in (
        (Entry.objects.latest("pk").pk, "proof.not_sealed"),
        (0, "proof.no_entry"),
    ):
        with pytest.raises(Refusal) as refused:
            prove_entry(number)
        assert refused.value.code == code


# Deposits


@pytest.fixture
def deposit(sealed: Office) -> dict[str, Any]:
    day = sealed.at.date()
    made = mended(make_deposit(day, day + timedelta(days=1)))
    assert list(check_deposit(made)) == []
    return made


def test_a_deposit_has_all_seals_and_its_sheet_the_last_of_each_day(
    sealed: Office, deposit: dict[str, Any]
) -> None:
    assert [one["algorithm"] for one in deposit["seals"]] == ["sha256", "sm3", "sm3"]
    assert [one["id"] for one in last_of_each_day(deposit)] == [
        one["id"] for one in deposit["seals"][1:]
    ]
    again = {**deposit, "seals": deposit["seals"][:2]}
    assert digest_of_deposit(again) != digest_of_deposit(deposit)


def told(deposit: dict[str, Any]) -> list[tuple[str, str]]:
    return [(problem.subject, problem.en) for problem in check_deposit(deposit)]


def test_an_altered_seal_is_named_with_what_was_altered(deposit: dict[str, Any]) -> None:
    number = deposit["seals"][1]["id"]
    with behind_the_doors_back():
        Seal.objects.filter(pk=number).update(root="0" * 64)
    assert told(deposit) == [
        (f"seal/{number}", f"seal {number} was altered since its deposit: root")
    ]


def test_ledger_and_seals_rewritten_together_are_found(
    sealed: Office, deposit: dict[str, Any]
) -> None:
    """Whoever has the database makes both agree again; `verify` is content, the deposit is not."""
    number = deposit["seals"][0]["id"]
    seal, entry = Seal.objects.get(pk=number), Entry.objects.earliest("pk")
    with behind_the_doors_back():
        Entry.objects.filter(pk=entry.pk).update(hash=digest("forged"))
        leaves = Entry.objects.filter(pk__lte=seal.last_entry).order_by("pk")
        root = merkle_root(list(leaves.values_list("hash", flat=True)), seal.algorithm)
        Seal.objects.filter(pk=number).update(root=root)
    named, second = told(deposit)
    assert named[1].endswith("since its deposit: root")
    assert "its entries" in second[1]


@pytest.mark.parametrize("how", ["flip", "delete", "reorder"])
def test_entries_touched_under_a_seal_are_found(deposit: dict[str, Any], how: str) -> None:
    one = deposit["seals"][1]
    first, second = Entry.objects.filter(pk__gte=one["first"], pk__lte=one["last"]).order_by("pk")
    with behind_the_doors_back():
        if how == "flip":
            flipped = f"{int(first.hash[0], 16) ^ 1:x}{first.hash[1:]}"
            Entry.objects.filter(pk=first.pk).update(hash=flipped)
        elif how == "delete":
            first.delete()
        else:
            Entry.objects.filter(pk=first.pk).update(hash=second.hash)
            Entry.objects.filter(pk=second.pk).update(hash=first.hash)
    ((subject, said),) = told(deposit)
    assert subject == f"seal/{one['id']}"
    assert said.endswith(f"2 expected, {1 if how == 'delete' else 2} found")


def test_a_missing_and_an_inserted_seal_are_named(deposit: dict[str, Any]) -> None:
    seal = Seal.objects.get(pk=deposit["seals"][1]["id"])
    gone = seal.pk
    with behind_the_doors_back():
        Seal.objects.filter(pk=gone).delete()
        seal.pk = gone + 100
        seal.save(force_insert=True)
    missing, inserted = told(deposit)
    assert missing == (f"seal/{gone}", f"seal {gone} is missing from the database")
    assert inserted[0] == f"seal/{gone + 100}"


def test_a_deposit_that_was_touched_itself_is_named(deposit: dict[str, Any]) -> None:
    one = deposit["seals"][1]
    one["root"] = digest("other")
    ((subject, said),) = told(deposit)
    assert subject == f"seal/{one['id']}"
    assert "deposit's own" in said
    with pytest.raises(Refusal) as refused:
        list(check_deposit({"seals": [{"id": 1}]}))
    assert refused.value.code == "proof.unreadable"


def test_days_without_a_seal_are_refused(sealed: Office) -> None:
    for first, last, code in (
        (date(2020, 1, 1), date(2020, 1, 2), "deposit.none"),
        (date(2026, 2, 1), date(2026, 1, 1), "deposit.days"),
    ):
        with pytest.raises(Refusal) as refused:
            make_deposit(first, last)
        assert refused.value.code == code


def test_the_commands_write_and_check_files(
    sealed: Office,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("LC_ALL", "en")
    monkeypatch.chdir(tmp_path)
    number = Entry.objects.earliest("pk").pk
    days = ["--from", "2026-11-23", "--to", "2026-11-24"]
    assert main(["prove", str(number)]) == 0
    assert main(["seals", "deposit", *days, "--out", "kept"]) == 0
    proof, kept = f"proof-{number}.json", "kept/deposit-2026-11-23-2026-11-24.json"
    page = Path(kept).with_suffix(".html").read_text(encoding="utf-8")
    assert sheet_of(proofs.read_json(Path(kept), "qianshou.deposit"))["digest"] in page
    assert "<svg" in page
    assert main(["verify", "--proof", proof]) == 0
    assert main(["verify", "--deposit", kept]) == 0
    assert main(["verify", "--proof", proof, "--deposit", kept]) == 0
    assert main(["seals", "deposit", "--from", "2026-11-24", "--to", "2026-11-24"]) == 0
    other = "deposit-2026-11-24-2026-11-24.json"
    assert main(["verify", "--proof", proof, "--deposit", other]) == 1
    assert "is not in the deposit" in capsys.readouterr().out
    told = json.loads(Path(proof).read_text(encoding="utf-8"))
    told["entry"]["body"] += " "
    Path(proof).write_text(json.dumps(told), encoding="utf-8")
    assert main(["verify", "--proof", proof]) == 1
    assert main(["verify", "--proof", kept]) == 2
    assert main(["seals", "deposit", "--from", "soon", "--to", "2026-11-24"]) == 2


def test_a_proof_is_checked_without_the_database(
    sealed: Office, tmp_path: Path, django_assert_num_queries: Any
) -> None:
    path = tmp_path / "proof.json"
    proofs.write_json(path, prove_entry(Entry.objects.earliest("pk").pk))
    with django_assert_num_queries(0):
        assert proofs.check_files(path, None, say=say) == 0
