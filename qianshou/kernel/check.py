"""Does everything that a pack names exist, and do its parts agree?"""

import re
import tomllib
from collections.abc import Iterator, Mapping

from django.urls import NoReverseMatch, reverse

from qianshou.kernel.campaigns.declaration import read_campaigns
from qianshou.kernel.duties.terms import EVERY
from qianshou.kernel.indicators.declaration import read_indicators
from qianshou.kernel.indicators.reported import read_reported
from qianshou.kernel.ledger.tables import ledgered_models
from qianshou.kernel.pack import (
    Pack,
    PostDeclaration,
    ProcedureDeclaration,
    StartDeclaration,
    duty_source,
    has_effect,
    has_ranking,
    has_sight,
    packs,
)
from qianshou.kernel.procedures.compiled import Procedure
from qianshou.kernel.procedures.engine import SIGNAL
from qianshou.kernel.procedures.feel import compile_expression
from qianshou.kernel.procedures.forms import Form, load_form
from qianshou.kernel.procedures.soundness import check_soundness
from qianshou.kernel.procedures.versions import compile_sources
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.statutes import statute

RESIDENT = "resident"
ACTS = {
    "transfer", "supervise", "merge", "stand_in", "roster", "campaign", "publish", "revise",
}  # fmt: skip
REACHES = {"organisation", "division", "district"}


def check_packs() -> list[Refusal]:
    """Return what is wrong in the packs: file or element, and the remedy; empty when all agree."""
    found: list[Refusal] = []
    try:
        known = packs()
    except Refusal as refusal:
        return [refusal]
    for pack in known:
        found += check_pack(pack)
    try:
        ledgered_models()
    except Refusal as refusal:
        found.append(refusal)
    return found


def check_pack(pack: Pack) -> list[Refusal]:
    """Return what is wrong in one pack."""
    found = [*_check_posts(pack), *_check_roles(pack), *_check_files(pack)]
    compiled: dict[str, Procedure] = {}
    for declared in pack.procedures.values():
        try:
            _, procedure = compile_sources(declared.id, pack.sources(declared.id))
        except Refusal as refusal:
            found.append(refusal)
            continue
        except Refusals as several:
            found.extend(several.refusals)
            continue
        compiled[declared.id] = procedure
        found.extend(check_soundness(procedure))
        found.extend(_check_steps(pack, procedure))
        found.extend(_check_declaration(pack, declared))
    found.extend(_check_starts(pack, compiled))
    found.extend(_check_pages(pack))
    found.extend(_check_duties(pack))
    found.extend(_check_indicators(pack))
    found.extend(_check_reported(pack))
    found.extend(_check_campaigns(pack))
    return found


def _wrong(pack: Pack, where: str, zh: str, en: str) -> Refusal:
    return Refusal("check.pack", f"{pack.id} · {where}：{zh}", f"{pack.id} · {where}: {en}", where)


def _check_posts(pack: Pack) -> Iterator[Refusal]:
    for post in pack.posts.values():
        odd = set(post.acts) - ACTS
        if odd:
            yield _wrong(
                pack, post.code, f"不认识的权限 {sorted(odd)}", f"unknown acts {sorted(odd)}"
            )
        if post.reach not in REACHES:
            yield _wrong(
                pack, post.code, f"不认识的范围 {post.reach}", f"unknown reach {post.reach}"
            )


def _check_roles(pack: Pack) -> Iterator[Refusal]:
    for role in pack.roles.values():
        if any(role.code in other.roles for other in packs() if other.id != pack.id):
            yield _wrong(pack, role.code, "别的业务包已有此角色", "another pack has this role")
        for kind, names in role.opens.items():
            system, _, sheet = kind.partition(".")
            path = pack.folder / "forms" / f"{sheet}.json"
            if system != pack.folder.name or not path.is_file():
                yield _wrong(pack, role.code, f"没有表 {kind}", f"there is no sheet {kind}")
                continue
            odd = sorted(set(names) - {one.id for one in pack.form(sheet).fields})
            if odd:
                yield _wrong(
                    pack, role.code, f"{kind} 没有字段 {odd}", f"{kind} has no fields {odd}"
                )


def _check_indicators(pack: Pack) -> Iterator[Refusal]:
    path = pack.folder / "indicators.toml"
    if path.is_file():
        try:
            declared = read_indicators(path, pack.id)
        except Refusal as refusal:
            yield refusal
            return
        for one in declared:
            for post in one.posts:
                if post not in pack.posts:
                    yield _wrong(pack, one.id, f"没有岗位 {post}", f"there is no post {post}")
            if one.sight and not has_sight(one.sight):
                yield _wrong(
                    pack, one.id, f"没有 @sight {one.sight}", f"there is no @sight {one.sight}"
                )


def _check_reported(pack: Pack) -> Iterator[Refusal]:
    path = pack.folder / "reported.toml"
    if path.is_file():
        try:
            read_reported(path, pack.id)
        except Refusal as refusal:
            yield refusal


def _check_campaigns(pack: Pack) -> Iterator[Refusal]:
    path = pack.folder / "campaign.toml"
    if not path.is_file():
        return
    try:
        declared = read_campaigns(path, pack.id)
    except Refusal as refusal:
        yield refusal
        return
    counted = pack.folder / "indicators.toml"
    indicators = tomllib.loads(counted.read_text(encoding="utf-8")) if counted.is_file() else {}
    for mechanism in (one for campaign in declared for one in campaign.mechanisms):
        carried = {
            "procedure": mechanism.target in pack.procedures,
            "indicator": mechanism.target in indicators,
            "page": mechanism.target.startswith("/"),
        }
        if not carried.get(mechanism.kind, True):
            yield _wrong(
                pack,
                f"campaign.toml · {mechanism.id}",
                f"没有 {mechanism.kind} {mechanism.target}",
                f"there is no {mechanism.kind} {mechanism.target}",
            )


def _check_files(pack: Pack) -> Iterator[Refusal]:
    for path in sorted((pack.folder / "forms").glob("*.json")):
        try:
            form = load_form(path.read_bytes(), path.name)
        except Refusal as refusal:
            yield refusal
            continue
        for sheet in form.sheets:
            if not (pack.folder / "forms" / f"{sheet}.json").is_file():
                yield _wrong(pack, path.name, f"没有表单 {sheet}", f"there is no form {sheet}")
        for field in form.fields:
            source = field.catalogue
            system, _, code = (source or "").partition(".")
            if source and system == pack.folder.name and code not in pack.catalogues:
                yield _wrong(
                    pack, path.name, f"没有代码表 {source}", f"there is no catalogue {source}"
                )
            if field.rank and not has_ranking(field.rank):
                yield _wrong(
                    pack, path.name, f"没有登记排序 {field.rank}", f"no ranking {field.rank}"
                )
    for code in pack.catalogues:
        rows = pack.catalogue_rows(code)
        codes = [row["code"] for row in rows]
        if len(set(codes)) != len(codes):
            yield _wrong(pack, f"catalogues/{code}.csv", "代码重复", "a code stands twice")
        if any(not row["name"] or not row["name_en"] for row in rows):
            yield _wrong(pack, f"catalogues/{code}.csv", "名称不全", "a name is missing")


def _check_steps(pack: Pack, procedure: Procedure) -> Iterator[Refusal]:
    posts: dict[str, PostDeclaration] = dict(pack.posts)
    for step in procedure.steps():
        where = f"{procedure.id}#{step.id}"
        if not step.posts:
            yield _wrong(pack, where, "没有写由谁办理", "nobody is named to do it")
        for post in step.posts:
            if post != RESIDENT and post not in posts:
                yield _wrong(pack, where, f"没有岗位 {post}", f"there is no post {post}")
        if not step.form or not (pack.folder / "forms" / f"{step.form}.json").is_file():
            yield _wrong(pack, where, f"没有表单 {step.form}", f"there is no form {step.form}")
        if step.due is None or not step.due_source:
            yield _wrong(pack, where, "没有时限或时限依据", "no deadline, or none with a source")
        elif (problem := _unknown_statute(step.due_source)) is not None:
            yield _wrong(pack, where, problem.zh, problem.en)
        if step.page and not _has_page(step.page):
            yield _wrong(pack, where, f"没有页面 {step.page}", f"there is no page {step.page}")
        if not step.name_en or not re.search(r"[A-Za-z]", step.name_en):
            yield _wrong(pack, where, "没有英文名", "it has no English name")
    for node in procedure.nodes.values():
        sends = node.kind in ("throw", "end") and node.message
        if sends and not node.message.startswith(SIGNAL) and not has_effect(f"message:{sends}"):
            yield _wrong(
                pack,
                f"{procedure.id}#{node.id}",
                f"没有登记后果 message:{sends}，消息发不出去",
                f"no effect message:{sends} is registered: the message goes nowhere",
            )
    for name in procedure.effects:
        if not has_effect(name):
            yield _wrong(pack, procedure.id, f"没有登记后果 {name}", f"no effect {name}")


def _has_page(name: str) -> bool:
    """Whether there is an address of this name that takes a task's number."""
    try:
        reverse(name, args=[1])
    except NoReverseMatch:
        return False
    return True


def _unknown_statute(key: str) -> Refusal | None:
    try:
        statute(key)
    except Refusal as refusal:
        return refusal
    return None


def _check_declaration(pack: Pack, declared: ProcedureDeclaration) -> Iterator[Refusal]:
    for text in (declared.title, declared.level):
        if text:
            try:
                compile_expression(text)
            except Refusal as refusal:
                yield refusal


def _check_pages(pack: Pack) -> Iterator[Refusal]:
    for page in pack.pages.values():
        for post in page.posts:
            if post not in pack.posts:
                yield _wrong(pack, page.id, f"没有岗位 {post}", f"there is no post {post}")
        try:
            reverse(page.address)
        except NoReverseMatch:
            yield _wrong(
                pack, page.id, f"没有页面 {page.address}", f"there is no page {page.address}"
            )


def _check_duties(pack: Pack) -> Iterator[Refusal]:
    for duty in pack.duties.values():
        if duty.procedure not in pack.procedures:
            yield _wrong(
                pack, duty.id, f"没有规范 {duty.procedure}", f"no procedure {duty.procedure}"
            )
        start = pack.starts.get(duty.start)
        if start is None or start.procedure != duty.procedure:
            yield _wrong(pack, duty.id, f"没有入口 {duty.start}", f"no way in {duty.start}")
        if duty.every not in EVERY:
            yield _wrong(
                pack, duty.id, f"不认识的周期 {duty.every}", f"unknown period {duty.every}"
            )
        if duty_source(duty.of) is None:
            yield _wrong(
                pack, duty.id, f"没有登记对象来源 {duty.of}", f"no source of duties {duty.of}"
            )


def _check_starts(pack: Pack, compiled: Mapping[str, Procedure]) -> Iterator[Refusal]:
    for start in pack.starts.values():
        if start.procedure not in pack.procedures:
            yield _wrong(
                pack, start.id, f"没有规范 {start.procedure}", f"no procedure {start.procedure}"
            )
        for post in start.posts:
            if post not in pack.posts and not (post == RESIDENT and start.by == "page"):
                yield _wrong(pack, start.id, f"没有岗位 {post}", f"there is no post {post}")
        try:
            asked = _asked_at_once(pack.form(start.form))
        except Refusal as refusal:
            yield refusal
            continue
        if asked and _is_set_off(start, compiled.get(start.procedure)):
            names = "、".join(asked)
            yield _wrong(
                pack, start.id, f"由信号触发，没有人填表，{names} 却是必填",
                f"a signal sets it off and nobody fills in {', '.join(asked)}, which is required",
            )  # fmt: skip


def _asked_at_once(form: Form) -> list[str]:
    """Return the fields of a form that must be filled in when nothing else is."""
    return [
        one.id for one in form.fields if one.required and (one.when is None or one.when({}) is True)
    ]


def _is_set_off(start: StartDeclaration, procedure: Procedure | None) -> bool:
    """Whether a signal sets a start off; what cannot be compiled is told elsewhere."""
    node = procedure.nodes.get(start.start) if procedure is not None else None
    return node is not None and node.message.startswith(SIGNAL)
