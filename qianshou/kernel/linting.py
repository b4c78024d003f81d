"""Files of procedures explained with what the pack in whose folder they lie knows."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from qianshou.kernel.pack import packs, read_pack
from qianshou.kernel.procedures.bpmn import read_bpmn
from qianshou.kernel.procedures.compiled import Procedure
from qianshou.kernel.procedures.dmn import DecisionModel, load_dmn
from qianshou.kernel.procedures.forms import Form, join_sheets, load_form
from qianshou.kernel.procedures.lint import Finding, Surroundings, lint
from qianshou.kernel.procedures.versions import Sources, compile_sources
from qianshou.kernel.refusal import Refusal, Refusals


def lint_in_pack(raw: bytes, source: str, declared: Path) -> list[Finding]:
    """Return what is wrong in a BPMN or DMN file that lies in the pack of a `pack.toml`.

    Raises what `lint` raises, and Refusal pack.* where the pack itself cannot be read.
    """
    pack = read_pack(declared.resolve())
    sources = pack.sources(next(iter(pack.procedures), ""))
    forms = sorted((pack.folder / "forms").glob("*.json"))
    sources["forms"] = {path.stem: path.read_text(encoding="utf-8") for path in forms}
    return lint(raw, source, surroundings_among(sources, pack.posts))


def surroundings_among(sources: Sources, posts: Iterable[str] = ()) -> Surroundings:
    """Return what the files of one bundle know of each other, and the posts of all packs.

    `sources` are {bpmn, dmn, forms: {name: text}}, `posts` further ones. What of it cannot be read
    is left out: it is explained where it is read itself.
    """
    forms = _forms(sources["forms"])
    decisions: dict[str, DecisionModel] = {}
    facts: set[str] = set()
    for name, text in sources["dmn"].items():
        try:
            tables = load_dmn(text.encode(), name)
        except (Refusal, Refusals):
            continue
        decisions.update(dict.fromkeys(tables.decisions, tables))
        for decision in tables.decisions.values():
            facts |= {decision.id, decision.name, decision.variable}
            facts |= set(decision.table.outputs) if decision.table else set()
    called: dict[str, Procedure] = {}
    for key, text in sources["bpmn"].items():
        try:
            model, _ = read_bpmn(text.encode(), key)
        except Refusal:
            continue
        for element in model.elements.values():
            facts |= {element.multiple.partition(" in ")[0], element.attributes.get("results", "")}
        try:
            called[key] = compile_sources(key, sources)[1]
        except (Refusal, Refusals):
            continue
    known = {code for one in packs() for code in one.posts} | set(posts)
    return Surroundings(known, forms, decisions, called, facts)


def _forms(texts: Mapping[str, str]) -> dict[str, Form]:
    forms: dict[str, Form] = {}
    for name, text in texts.items():
        with suppress(Refusal):
            forms[name] = load_form(text.encode(), name)
    joined: dict[str, Form] = {}
    for name, form in forms.items():
        with suppress(KeyError):
            joined[name] = join_sheets(form, forms.__getitem__)
    return joined
