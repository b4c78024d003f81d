"""The shipped divisions: 27 towns and streets, 309 villages and communities, joined by name."""

from collections import Counter

from qianshou.kernel.registry.models import Division
from qianshou.kernel.registry.places import load_divisions, outline, shipped_divisions


def test_the_counts_are_those_of_the_district() -> None:
    kinds = Counter(row["kind"] for row in shipped_divisions())
    assert kinds["district"] == 1
    assert kinds["street"] + kinds["town"] == 27
    assert kinds["village"] + kinds["community"] == 309


def test_every_division_has_a_centre_a_source_and_a_parent_by_name() -> None:
    names = {row["name"] for row in shipped_divisions() if row["kind"] in ("street", "town")}
    for row in shipped_divisions():
        assert 105 < float(row["longitude"]) < 107
        assert 29 < float(row["latitude"]) < 30.5
        assert row["source"]
        assert row["approximate"] in ("true", "false")
        if row["kind"] in ("village", "community"):
            assert row["parent"] in names


def test_they_are_loaded_once_with_their_paths(db: None) -> None:
    load_divisions()
    load_divisions()
    assert Division.objects.count() == 337
    for row in Division.objects.select_related("parent"):
        above = row.parent.path if row.parent else ""
        assert row.path == f"{above}{row.pk}."


def test_the_outline_is_closed() -> None:
    assert len(outline()) > 3
    assert outline()[0] == outline()[-1]
