"""Files of procedures explained with what the pack in whose folder they lie knows."""

from dataclasses import replace
from pathlib import Path

from qianshou.kernel.pack import Pack, packs, read_pack
from qianshou.kernel.procedures.bpmn import read_bpmn
from qianshou.kernel.procedures.compiled import Procedure
from qianshou.kernel.procedures.dmn import DecisionModel, load_dmn
from qianshou.kernel.procedures.forms import Form
from qianshou.kernel.procedures.lint import Finding, Surroundings, lint
from qianshou.kernel.procedures.versions import compile_sources
from qianshou.kernel.refusal import Refusal, Refusals


def lint_in_pack(raw: bytes, source: str, declared: Path) -> list[Finding]:
    """Return what is wrong in a BPMN or DMN file that lies in the pack of a `pack.toml`.

    Raises what `lint` raises, and Refusal pack.* where the pack itself cannot be read.
    """
    pack = read_pack(declared.resolve())
    return lint(raw, source, replace(surroundings_of(pack), called=_called_by(raw, pack)))


def surroundings_of(pack: Pack) -> Surroundings:
    """Return what a pack knows: its posts, forms, decisions, and names of facts.

    What of it cannot be read is left out: it is explained where it is read itself.
    """
    forms: dict[str, Form] = {}
    for path in sorted((pack.folder / "forms").glob("*.json")):
        try:
            forms[path.stem] = pack.form(path.stem)
        except Refusal:
            continue
    decisions: dict[str, DecisionModel] = {}
    facts: set[str] = set()
    for path in sorted(pack.folder.glob("*.dmn")):
        try:
            tables = load_dmn(path.read_bytes(), path.name)
        except (Refusal, Refusals):
            continue
        decisions.update(dict.fromkeys(tables.decisions, tables))
        for decision in tables.decisions.values():
            facts |= {decision.id, decision.name, decision.variable}
            facts |= set(decision.table.outputs) if decision.table else set()
    for path in sorted(pack.folder.glob("*.bpmn")):
        try:
            model, _ = read_bpmn(path.read_bytes(), path.name)
        except Refusal:
            continue
        for element in model.elements.values():
            facts |= {element.multiple.partition(" in ")[0], element.attributes.get("results", "")}
    posts = {code for one in (*packs(), pack) for code in one.posts}
    return Surroundings(posts, forms, decisions, {}, facts)


def _called_by(raw: bytes, pack: Pack) -> dict[str, Procedure]:
    """Return the procedures of a pack that a file calls, those of them that compile."""
    found: dict[str, Procedure] = {}
    try:
        model, _ = read_bpmn(raw, "")
        sources = pack.sources(next(iter(pack.procedures)))
    except (Refusal, UnicodeDecodeError, StopIteration):
        return found
    for key in {one.called for one in model.elements.values()} & sources["bpmn"].keys():
        try:
            found[key] = compile_sources(key, sources)[1]
        except (Refusal, Refusals):
            continue
    return found
