"""Revisions of procedures (修订规范): drafted by one officer, published by another.

Everything here goes through the registry's door: each saving, offering and decision is an entry,
of the sources their digest.
"""

import json
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import transaction

from qianshou.kernel.access import Actor, require
from qianshou.kernel.door.registering import change_row, lock_row
from qianshou.kernel.linting import surroundings_among
from qianshou.kernel.pack import has_effect, pack_of
from qianshou.kernel.procedures.engine import SIGNAL
from qianshou.kernel.procedures.forms import load_form
from qianshou.kernel.procedures.lint import ERROR, Finding, lint
from qianshou.kernel.procedures.models import Revision, Version
from qianshou.kernel.procedures.versions import compile_sources, digest_of, publish
from qianshou.kernel.procedures.xml import read_xml
from qianshou.kernel.refusal import Refusal, Refusals

KINDS = ("bpmn", "dmn", "forms")
LARGEST = 1_000_000
Sources = dict[str, dict[str, str]]


def may_revise(by: Actor, procedure: str) -> bool:
    """Whether a seat of `by` may revise the procedures of the pack to which `procedure` belongs."""
    pack = pack_of(procedure).id
    return any(seat.pack == pack and "revise" in seat.acts for seat in by.seats)


def sources_of(revision: Revision) -> Sources:
    """Return the files of a revision: {bpmn, dmn, forms: {name: text}}."""
    kept: Sources = json.loads(zlib.decompress(bytes(revision.sources)))
    return kept


def _packed(sources: Mapping[str, Any]) -> bytes:
    return zlib.compress(json.dumps(sources, ensure_ascii=False, sort_keys=True).encode())


def begin(version: Version, *, by: Actor, at: datetime) -> Revision:
    """Begin a revision with the files of a version; Refusal access.denied for whoever may not."""
    require(may_revise(by, version.procedure))
    return change_row(
        Revision(),
        {
            "procedure": version.procedure,
            "origin": version,
            "replaces": Version.objects.get(procedure=version.procedure, is_current=True),
            "sources": _packed(version.sources),
            "drafted_by_id": by.officer,
            "drafted_at": at,
        },
        by=by,
        at=at,
    )


def keep_file(
    revision: Revision, kind: str, name: str, text: str, *, seq: int, by: Actor, at: datetime
) -> None:
    """Keep a file of a draft as its drafter changed it, looking at the saving `seq`.

    A file may still be wrong in what it says (see `findings_of`), but it is one: refused are
    what is no XML or no form (bpmn.xml, dmn.xml, form.*), a name that is none (revising.name),
    what is too large (revising.large), and a draft saved elsewhere meanwhile (revising.changed).
    """
    if not name or len(name) > 80 or not all(one.isalnum() or one in "_.-" for one in name):
        raise Refusal(
            "revising.name",
            "文件名只用字母、数字、点、横线和下划线，80 字以内",
            "A name has letters, digits, dots, hyphens and underscores, 80 at most",
            "name",
        )
    raw = text.encode()
    if len(raw) > LARGEST:
        raise Refusal("revising.large", "文件超过 1 MB", "The file is larger than 1 MB", "file")
    if kind == "forms":
        load_form(raw, name)
    else:
        read_xml(raw, name, kind)
    with _drafting(revision, seq, by) as sources:
        sources[kind][name] = text
        _save(revision, sources, by, at)


def remove_file(
    revision: Revision, kind: str, name: str, *, seq: int, by: Actor, at: datetime
) -> None:
    """Take a file out of a draft; Refusal revising.needed for the procedure itself."""
    if kind == "bpmn" and name == revision.procedure:
        raise Refusal(
            "revising.needed",
            "规范本身的流程图不能删去",
            "The procedure's own drawing cannot be taken out",
            "name",
        )
    with _drafting(revision, seq, by) as sources:
        sources[kind].pop(name, None)
        _save(revision, sources, by, at)


@contextmanager
def _drafting(revision: Revision, seq: int, by: Actor) -> Iterator[Sources]:
    """Lock a draft for its drafter, who saw its saving `seq`, and give its files."""
    with transaction.atomic():
        lock_row(revision)
        require(may_revise(by, revision.procedure) and by.officer == revision.drafted_by_id)
        _require_state(revision, "draft")
        if seq != revision.seq:
            raise Refusal(
                "revising.changed",
                "这份修订稿已在别处保存过；您的改动还在页面上，请先另存，再打开最新的一稿",
                "This revision was saved elsewhere meanwhile; your change is still on the page: "
                "keep a copy and open the newest draft",
            )
        yield sources_of(revision)


def _save(revision: Revision, sources: Sources, by: Actor, at: datetime) -> None:
    change_row(revision, {"sources": _packed(sources), "seq": revision.seq + 1}, by=by, at=at)


def _require_state(revision: Revision, *states: str) -> None:
    if revision.state not in states:
        raise Refusal(
            "revising.state",
            f"这份修订稿{revision.get_state_display()}，不能这样办",
            "This revision is not at the stage for this",
        )


def findings_of(procedure: str, sources: Sources) -> list[tuple[str, str, Finding]]:
    """Return what is wrong in the files of a revision, as (kind, file, finding)."""
    found = []
    known = surroundings_among(sources)
    for kind in ("bpmn", "dmn"):
        for name, text in sources[kind].items():
            found += [(kind, name, one) for one in findings_in(kind, name, text, known)]
    if not any(one.severity == ERROR for _, _, one in found):
        found += [("bpmn", procedure, one) for one in _unregistered(procedure, sources)]
    return found


def findings_in(kind: str, name: str, text: str, known: Any) -> list[Finding]:
    """Return what is wrong in one file, beside what else is `known`; unreadable is one finding."""
    try:
        return lint(text.encode(), f"{name}.{kind}", known)
    except (Refusal, Refusals) as refused:
        several = refused.refusals if isinstance(refused, Refusals) else [refused]
        return [Finding(ERROR, one.code, 0, one.field or "", "", one.zh, one.en) for one in several]


def _unregistered(procedure: str, sources: Sources) -> Iterator[Finding]:
    """Yield what the whole lacks that no single file shows: called procedures, effects."""
    try:
        _, compiled = compile_sources(procedure, sources)
    except (Refusal, Refusals) as refused:
        several = refused.refusals if isinstance(refused, Refusals) else [refused]
        for one in several:
            yield Finding(ERROR, one.code, 0, one.field or "", "", one.zh, one.en)
        return
    for name in compiled.effects:
        own = name.partition(".")[0] == pack_of(procedure).folder.name
        if not (own and has_effect(name)):
            yield Finding(
                ERROR, "revising.effect", 0, "", "",
                f"本业务包没有登记后果 {name}", f"this pack registers no effect {name}",
            )  # fmt: skip
    for node in compiled.nodes.values():
        thrown = node.message if node.kind in ("throw", "end") else ""
        if thrown and not thrown.startswith(SIGNAL) and not has_effect(f"message:{thrown}"):
            yield Finding(
                ERROR, "revising.message", 0, node.id, node.name,
                f"消息 {thrown} 没有业务包转送", f"no pack passes the message {thrown} on",
            )  # fmt: skip


def offer(revision: Revision, note: str, *, by: Actor, at: datetime) -> None:
    """Offer a draft for publishing, with what it changes and why.

    Refusals: revising.note without a note, revising.wrong while a file has an error,
    revising.same where nothing differs from the version in force.
    """
    with _drafting(revision, revision.seq, by) as sources:
        if not note.strip():
            raise Refusal(
                "revising.note",
                "请写明改了什么、为什么改",
                "Please say what changes, and why",
                "note",
            )
        wrong = [one for _, _, one in findings_of(revision.procedure, sources) if is_error(one)]
        if wrong:
            raise Refusal(
                "revising.wrong",
                f"还有 {len(wrong)} 处错误，改好再送审",
                f"{len(wrong)} errors are left; mend them before you offer it",
            )
        _, compiled = compile_sources(revision.procedure, sources)
        if Version.objects.filter(digest=digest_of(compiled, sources), is_current=True).exists():
            raise Refusal(
                "revising.same", "和在用的一版没有不同", "Nothing differs from the one in force"
            )
        change_row(revision, {"state": "offered", "note": note.strip()[:300]}, by=by, at=at)


def is_error(finding: Finding) -> bool:
    """Whether a finding keeps a revision from being published."""
    return finding.severity == ERROR


@contextmanager
def _deciding(revision: Revision, by: Actor) -> Iterator[None]:
    """Lock an offered revision for an officer who may revise and did not draft it."""
    with transaction.atomic():
        lock_row(revision)
        require(may_revise(by, revision.procedure))
        _require_state(revision, "offered")
        if by.officer == revision.drafted_by_id:
            raise Refusal(
                "revising.own_draft",
                "自己起草的由另一人发布",
                "Somebody else publishes what you drafted",
            )
        yield


def publish_revision(revision: Revision, *, by: Actor, at: datetime) -> Version:
    """Make an offered revision the version in force; matters that run keep theirs.

    Refusals: revising.own_draft for whoever drafted it, revising.outdated where another version
    came into force since it was begun, and what `publish` raises.
    """
    with _deciding(revision, by):
        # Two who publish at once meet here: the second waits, and then finds it outdated.
        if not Version.objects.select_for_update().get(pk=revision.replaces_id).is_current:
            raise Refusal(
                "revising.outdated",
                "起草之后已有别的版本启用：请退回，由起草人从在用的一版重新起草",
                "Another version came into force since this was begun: give it back, to be "
                "drafted anew from the one in force",
            )
        version = publish(revision.procedure, sources_of(revision), at=at, own=True)
        decided = {"decided_by_id": by.officer, "decided_at": at, "version": version}
        change_row(revision, {"state": "published", **decided}, by=by, at=at)
        return version


def give_back(revision: Revision, reason: str, *, by: Actor, at: datetime) -> None:
    """Give an offered revision back to its drafter; Refusal revising.reason without a reason."""
    with _deciding(revision, by):
        if not reason.strip():
            raise Refusal(
                "revising.reason", "请写明退回原因", "Please say why you give it back", "reason"
            )
        change_row(revision, {"state": "draft"}, by=by, at=at, reason=reason.strip())


def take_back(revision: Revision, *, by: Actor, at: datetime) -> None:
    """Take one's own offered revision back, to draft on."""
    with transaction.atomic():
        lock_row(revision)
        require(by.officer == revision.drafted_by_id)
        _require_state(revision, "offered")
        change_row(revision, {"state": "draft"}, by=by, at=at)


def drop(revision: Revision, *, by: Actor, at: datetime) -> None:
    """Drop one's own draft; it stays to be read."""
    with _drafting(revision, revision.seq, by):
        change_row(revision, {"state": "dropped"}, by=by, at=at)
