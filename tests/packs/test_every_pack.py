"""Every pack of the product: checked whole, published, sound, drawn, named in both languages."""

import re

import pytest
from lxml import etree

from qianshou.kernel.check import check_packs
from qianshou.kernel.pack import Pack, packs
from qianshou.kernel.procedures.drawing import Standing, draw
from qianshou.kernel.procedures.soundness import check_soundness
from qianshou.kernel.procedures.versions import compile_sources

PROCEDURES = [(pack, key) for pack in packs() for key in pack.procedures]


def test_the_check_finds_nothing() -> None:
    assert [refusal.zh for refusal in check_packs()] == []


@pytest.mark.parametrize(("pack", "key"), PROCEDURES, ids=[key for _, key in PROCEDURES])
def test_a_procedure_is_sound_and_every_step_has_its_words(pack: Pack, key: str) -> None:
    _model, procedure = compile_sources(key, pack.sources(key))
    assert not check_soundness(procedure)
    for step in procedure.steps():
        assert step.name_en, step.id
        assert step.posts, step.id
        assert step.due is not None, step.id
        assert step.due_source, step.id


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize(("pack", "key"), PROCEDURES, ids=[key for _, key in PROCEDURES])
def test_a_procedure_is_drawn_whole(pack: Pack, key: str, language: str) -> None:
    model, _procedure = compile_sources(key, pack.sources(key))
    assert set(model.elements) <= set(model.shapes)
    assert set(model.flows) <= set(model.edges)
    drawn = draw(model, Standing(done=set(model.elements)), language)
    root = etree.fromstring(drawn.encode())
    assert len(root.findall(".//{*}g[@data-node]")) == len(model.elements)
    if language == "en":
        text = "".join(map(str, root.itertext()))
        assert not re.search(r"[㐀-鿿]", text), re.findall(r"[㐀-鿿]+", text)


@pytest.mark.parametrize("pack", packs(), ids=[pack.id for pack in packs()])
def test_names_stand_in_both_languages(pack: Pack) -> None:
    names = [pack.name, *(start.name for start in pack.starts.values())]
    for name in names:
        assert name.zh
        assert name.en
    for code in pack.catalogues:
        rows = pack.catalogue_rows(code)
        assert len({row["code"] for row in rows}) == len(rows)
        for row in rows:
            assert row["name"], row
            assert row["name_en"], row
            assert not row["parent"] or row["parent"] in {one["code"] for one in rows}
