"""Versions of procedures: published by content, compiled once, never changed."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import transaction

from qianshou.kernel.procedures.bpmn import load_bpmn
from qianshou.kernel.procedures.compiled import Procedure, compile_procedure
from qianshou.kernel.procedures.dmn import load_dmn
from qianshou.kernel.procedures.elements import Model
from qianshou.kernel.procedures.forms import Form, join_sheets, load_form
from qianshou.kernel.procedures.migration import Route
from qianshou.kernel.procedures.models import Version
from qianshou.kernel.procedures.soundness import check_soundness
from qianshou.kernel.refusal import Refusal, Refusals

Sources = Mapping[str, Any]


def compile_sources(procedure: str, sources: Sources) -> tuple[Model, Procedure]:
    """Return the model and the compiled procedure of `sources`.

    `sources` has `bpmn` {process id: XML}, `dmn` {file: XML} and `forms` {name: JSON text};
    `procedure` is the process to run, the other processes are what it may call.
    Raises Refusal or Refusals where a file does not compile.
    """
    models = {key: load_bpmn(text.encode(), f"{key}.bpmn") for key, text in sources["bpmn"].items()}
    decisions = {}
    for name, text in sources["dmn"].items():
        tables = load_dmn(text.encode(), f"{name}.dmn")
        decisions.update(dict.fromkeys(tables.decisions, tables))
    made: dict[str, Procedure] = {}

    def compile_one(key: str, above: tuple[str, ...]) -> Procedure:
        if key in above:
            raise Refusal(
                "bpmn.called", f"流程 {key} 调用了自己", f"Procedure {key} calls itself", key
            )
        if key not in made:
            wanted = {element.called for element in models[key].elements.values()}
            inner = {
                name: compile_one(name, (*above, key)) for name in sorted(wanted & models.keys())
            }
            made[key] = compile_procedure(models[key], decisions, inner)
        return made[key]

    return models[procedure], compile_one(procedure, ())


def digest_of(procedure: Procedure, sources: Sources) -> str:
    """Return the digest that names a version: of the compiled procedure and its forms."""
    forms = {name: json.loads(text) for name, text in sources["forms"].items()}
    content = json.dumps([procedure.digest, forms], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()


def publish(procedure: str, sources: Sources, *, at: datetime, own: bool = False) -> Version:
    """Check `sources` for soundness and make them the current version; the same content again
    is the same version.

    `own` are the district's own. What comes with a pack takes no place of theirs: it is kept as a
    version that is not current, for the district to look at. Raises Refusals with element ids
    where the procedure is not sound.
    """
    _, compiled = compile_sources(procedure, sources)
    unsound = check_soundness(compiled)
    if unsound:
        raise Refusals(unsound)
    digest = digest_of(compiled, sources)
    with transaction.atomic():
        known = Version.objects.filter(digest=digest).first()
        before = Version.objects.filter(procedure=procedure, is_current=True)
        gives_way = own or not before.filter(is_own=True).exists()
        if known is not None and (known.is_current or not gives_way):
            return known
        if gives_way:
            before.update(is_current=False)
        if known is not None:
            known.is_current = True
            known.save(update_fields=["is_current"])
            return known
        return Version.objects.create(
            procedure=procedure,
            number=Version.objects.filter(procedure=procedure).count() + 1,
            digest=digest,
            name=compiled.name,
            name_en=compiled.name_en,
            sources=dict(sources),
            published_at=at,
            is_current=gives_way,
            is_own=own,
        )


def current(procedure: str) -> tuple[int, str]:
    """Return the id and digest of the current version; Refusal procedure.unpublished if none."""
    row = (
        Version.objects.filter(procedure=procedure, is_current=True)
        .values_list("pk", "digest")
        .first()
    )
    if row is None:
        raise Refusal(
            "procedure.unpublished",
            f"规范 {procedure} 尚未发布",
            f"Procedure {procedure} has not been published",
            "procedure",
        )
    return row


_known: dict[str, tuple[Model, Procedure, dict[str, str]]] = {}  # a digest never changes


def compiled_all(digests: Sequence[str]) -> list[Procedure]:
    """Return the compiled procedures of versions; those not in memory are read in one query.

    Raises Version.DoesNotExist for a digest that no version has.
    """
    missing = [digest for digest in digests if digest not in _known]
    if missing:
        for version in Version.objects.filter(digest__in=missing):
            model, procedure = compile_sources(version.procedure, version.sources)
            _known[version.digest] = model, procedure, version.sources["forms"]
    unknown = [digest for digest in missing if digest not in _known]
    if unknown:
        raise Version.DoesNotExist(unknown[0])
    return [_known[digest][1] for digest in digests]


def _read(digest: str) -> tuple[Model, Procedure, dict[str, str]]:
    compiled_all([digest])
    return _known[digest]


def compiled(digest: str) -> Procedure:
    """Return the compiled procedure of a version."""
    return _read(digest)[1]


@lru_cache(maxsize=32)
def route_between(old: str, new: str, mapping: tuple[tuple[str, str], ...]) -> Route:
    """Return the route from one version to another by the pairs of a mapping."""
    return Route(compiled(old), compiled(new), dict(mapping))


def model_of(digest: str) -> Model:
    """Return the drawn model of a version."""
    return _read(digest)[0]


@lru_cache(maxsize=1024)
def form_of(digest: str, name: str) -> Form:
    """Return a form as it was in a version; Refusal procedure.form when it had none so named."""
    forms = _read(digest)[2]
    if name not in forms:
        raise Refusal("procedure.form", f"没有表单 {name}", f"There is no form {name}", name)
    form = load_form(forms[name].encode(), name)
    return join_sheets(form, lambda sheet: form_of(digest, sheet))
