"""Explains a BPMN or DMN file in a modeller's words: what is wrong, where, and what to do.

A file can be read alone; with `Surroundings` its forms, posts, decisions and called procedures
are known too. The text of the rules is docs/guide/bpmn.md.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from qianshou.kernel.procedures.bpmn import read_bpmn
from qianshou.kernel.procedures.compiled import TOP, Procedure, compile_procedure
from qianshou.kernel.procedures.dmn import DecisionModel, load_dmn
from qianshou.kernel.procedures.elements import Element, Flaw, Model
from qianshou.kernel.procedures.feel import Expression
from qianshou.kernel.procedures.forms import Form
from qianshou.kernel.procedures.kinds import is_condition
from qianshou.kernel.procedures.nodes import Node, catcher
from qianshou.kernel.procedures.soundness import check_soundness
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.statutes import statutes

ERROR, WARNING = "error", "warning"
RESIDENT = "resident"
# Facts that the house adds to every matter (kernel.door.opening, kernel.door.steps).
HOUSE = (
    "number", "via", "opened_by", "home", "opened_at", "return_reason", "withdraw_reason",
)  # fmt: skip
COUNTERS = (
    "nrOfInstances", "nrOfCompletedInstances", "nrOfActiveInstances", "numberOfInstances",
    "numberOfCompletedInstances", "numberOfActiveInstances", "instances",
)  # fmt: skip
REMEDIES = {
    "bpmn.default": ("指定一条默认出线", "mark one way as the default"),
    "bpmn.dead_end": ("连到下一步或结束事件", "lead it on to a step or an end"),
    "bpmn.unreachable": ("从前面的步骤连过来，或删去", "lead here from a step before it, or delete it"),
    "bpmn.split": ("用网关分开或汇合", "split and join with gateways"),
    "bpmn.condition": ("检查网关各出线的条件", "look at the conditions of the gateway's ways"),
    "bpmn.language": ("写成 FEEL，如 amount > 100", "write FEEL, such as amount > 100"),
    "bpmn.feel": ("改正表达式", "mend the expression"),
    "bpmn.span": ("把时长写成 7d、2wh、P7D 或 FEEL", "write the span as 7d, 2wh, P7D or FEEL"),
    "bpmn.effect": ("写 qs:effect，由业务包登记", "name a qs:effect that a pack registers"),
    "bpmn.decision": ("在同一文件夹放入 DMN 决策表", "put the DMN table into the same folder"),
    "bpmn.called": ("在同一业务包里放入被调流程", "put the called procedure into the pack"),
    "bpmn.reference": ("在画图工具里重新连接", "connect it again in the modeller"),
    "bpmn.processes": ("只留一个可执行流程", "mark one process as executable"),
    "bpmn.message": ("选定一个已命名的消息", "choose a message that has a name"),
    "bpmn.signal": ("选定一个已命名的信号", "choose a signal that has a name"),
    "bpmn.code": ("选定一个错误或升级代码", "choose an error or escalation with a code"),
    "bpmn.start": ("画一个开始事件", "draw one start event"),
    "bpmn.timer": ("写时长，如 P5D", "write a duration, such as P5D"),
    "soundness.stuck": (
        "分支用什么网关分开，就用什么网关汇合", "join branches with the kind of gateway that split them",
    ),
    "soundness.dead": ("检查通向它的网关和条件", "look at the gateways that lead to it"),
    "soundness.unbounded": ("循环里的并行分支要先汇合", "join parallel branches before looping back"),
    "lint.post": ("写 camunda:candidateGroups 或 qs:posts", "write camunda:candidateGroups or qs:posts"),
    "lint.form": ("写 camunda:formKey，并放入 forms/", "write camunda:formKey and add it to forms/"),
    "lint.due": ("写 qs:due 和 qs:source", "write qs:due and qs:source"),
    "lint.source": ("写 qs:source，如 statutes.toml 里的键", "write qs:source, a key of the statutes"),
    "lint.name": ("核对表单字段的编号", "compare with the ids of the forms' fields"),
    "lint.kind": ("条件须得出是或否", "a condition gives yes or no"),
    "lint.clash": ("各分支用不同的字段，或放进子流程的多实例", "use different fields, or instances"),
    "lint.ignored": ("本平台不读；需要的请改用 qs: 属性", "not read here; say it with a qs: attribute"),
    "lint.uncaught": ("在外层画接收它的边界事件或事件子流程", "draw what catches it around it"),
    "lint.name_en": ("写 qs:nameEn", "write qs:nameEn"),
}  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """One problem: how grave, which kind, where, and what it is and what to do in two languages."""

    severity: str
    code: str
    line: int
    element: str
    name: str
    zh: str
    en: str

    def text(self, language: str) -> str:
        """Return the problem and its remedy in `language`."""
        zh = language.startswith("zh")
        remedy = REMEDIES.get(self.code)
        said = self.zh if zh else self.en
        if remedy is None:
            return said
        return f"{said}；{remedy[0]}" if zh else f"{said}; {remedy[1]}"


@dataclass(frozen=True)
class Surroundings:
    """What is known beside a file: None where it lies in no pack and nothing can be said."""

    posts: Collection[str] | None = None
    forms: Mapping[str, Form] | None = None
    decisions: Mapping[str, DecisionModel] | None = None
    called: Mapping[str, Procedure] | None = None
    facts: Collection[str] = ()


def lint(raw: bytes, source: str, known: Surroundings | None = None) -> list[Finding]:
    """Return what is wrong in a file, in the order of its lines; `source` is its name.

    A name that ends in .dmn is read as DMN. Raises Refusal or Refusals for what cannot be read
    at all (no XML, no BPMN, no DMN).
    """
    found = (
        _lint_dmn(raw, source)
        if source.endswith(".dmn")
        else _lint_bpmn(raw, source, known or Surroundings())
    )
    return sorted(dict.fromkeys(found), key=lambda one: (one.line, one.severity, one.element))


def _lint_dmn(raw: bytes, source: str) -> Iterator[Finding]:
    try:
        load_dmn(raw, source)
    except (Refusal, Refusals) as refused:
        found = refused.refusals if isinstance(refused, Refusals) else (refused,)
        if any(one.code in ("dmn.xml", "dmn.root") for one in found):
            raise
        for one in found:
            place = re.search(r", line (\d+)", one.en)
            head_zh = re.match(r".*? 第 \d+ 行 [^：]*：", one.zh)
            head_en = re.match(r".*?, line \d+, [^:]*: ", one.en)
            yield Finding(
                ERROR, one.code, int(place[1]) if place else 0, one.field or "", "",
                one.zh[head_zh.end() :] if head_zh else one.zh,
                one.en[head_en.end() :] if head_en else one.en,
            )  # fmt: skip


def _lint_bpmn(raw: bytes, source: str, known: Surroundings) -> Iterator[Finding]:
    model, flaws = read_bpmn(raw, source)
    model = _without_unknown(model, known)
    told = list(flaws)
    procedure = None
    broken = {
        end
        for flow in model.flows.values()
        if not {flow.source, flow.target} <= model.elements.keys()
        for end in (flow.source, flow.target)
    }
    if model.elements and all(one.code != "bpmn.large" for one in flaws):
        try:
            procedure = compile_procedure(model, known.decisions or {}, known.called or {})
        except Refusals as several:
            noise = ("bpmn.dead_end", "bpmn.unreachable")
            told += [
                one
                for one in several.refusals
                if isinstance(one, Flaw) and not (one.code in noise and one.field in broken)
            ]
    for flaw in told:
        element = model.elements.get(flaw.field or "")
        flow = model.flows.get(flaw.field or "")
        name = element.name if element else flow.name if flow else ""
        yield Finding(ERROR, flaw.code, flaw.line, flaw.field or "", name, *flaw.problem)
    for one in model.ignored:
        yield _finding(
            model, WARNING, "lint.ignored", one.element, f"没有读 {one.name}", f"{one.name} is not read",
            line=one.line,
        )  # fmt: skip
    yield from _lint_steps(model, known)
    if procedure is None:
        return
    yield from _lint_expressions(model, procedure, known)
    yield from _lint_branches(model, procedure, known)
    yield from _lint_throws(model, procedure)
    if not told:
        for unsound in check_soundness(procedure):
            _, _, zh = unsound.zh.partition("”：")
            yield _finding(
                model, ERROR, unsound.code, (unsound.field or "").partition("/")[0],
                zh or unsound.zh, unsound.en.partition(": ")[2] or unsound.en,
            )  # fmt: skip


def _without_unknown(model: Model, known: Surroundings) -> Model:
    """Return the model with what only a pack could know passed by, where no pack is known."""
    passed = {
        one.id: replace(one, kind="pass", multiple="")
        for one in model.elements.values()
        if (one.kind == "rule" and known.decisions is None)
        or (one.tag == "callActivity" and known.called is None)
    }
    return replace(model, elements={**model.elements, **passed}) if passed else model


def _finding(
    model: Model, severity: str, code: str, key: str, zh: str, en: str, *, line: int = 0
) -> Finding:
    one = model.elements.get(key) or model.flows.get(key)
    here = line or (one.line if one else 0)
    return Finding(severity, code, here, key, one.name if one else "", zh, en)


def _lint_steps(model: Model, known: Surroundings) -> Iterator[Finding]:
    """Yield what human steps lack: who, with which form, by when, under which rule."""
    for step in model.elements.values():
        if step.kind != "user":
            continue
        told = step.attributes
        posts = [post.strip() for post in told.get("posts", "").split(",") if post.strip()]
        if not posts:
            yield _finding(
                model, ERROR, "lint.post", step.id, "没有写由哪个岗位办理", "no post is named"
            )
        for post in posts:
            if known.posts is not None and post != RESIDENT and post not in known.posts:
                yield _finding(
                    model,
                    ERROR,
                    "lint.post",
                    step.id,
                    f"没有岗位 {post}",
                    f"there is no post {post}",
                )
        form = told.get("form", "")
        if not form:
            yield _finding(model, ERROR, "lint.form", step.id, "没有写表单", "no form is named")
        elif known.forms is not None and form not in known.forms:
            yield _finding(
                model, ERROR, "lint.form", step.id, f"没有表单 {form}", f"there is no form {form}"
            )
        yield from _lint_deadline(model, step)
        if not told.get("name_en"):
            yield _finding(model, WARNING, "lint.name_en", step.id, "没有英文名", "no English name")


def _lint_deadline(model: Model, step: Element) -> Iterator[Finding]:
    source = step.attributes.get("source", "")
    if not step.attributes.get("due"):
        yield _finding(model, ERROR, "lint.due", step.id, "没有写时限", "no deadline is given")
    elif not source:
        yield _finding(
            model, ERROR, "lint.source", step.id, "时限没有写依据", "the deadline names no source"
        )
    elif source not in statutes():
        yield _finding(
            model,
            ERROR,
            "lint.source",
            step.id,
            f"没有依据“{source}”",
            f"there is no statute “{source}”",
        )


def _expressions(node: Node) -> Iterator[tuple[str, Expression, bool]]:
    """Yield the id, the expression and whether it is a condition, of all that a node computes."""
    for way in node.ways:
        if way.condition is not None:
            yield way.id, way.condition, True
    if node.completion is not None:
        yield node.id, node.completion, True
    for one in (node.timer, node.due, node.organisation, node.assignee, node.collection):
        if one is not None:
            yield node.id, one, False


def _lint_expressions(model: Model, procedure: Procedure, known: Surroundings) -> Iterator[Finding]:
    """Yield conditions that give no yes or no, and names that no form or table writes."""
    fields = {one.id: one for form in (known.forms or {}).values() for one in form.fields}
    own = {node.element for node in procedure.nodes.values()}
    own |= {node.results or node.decision for node in procedure.nodes.values()}
    facts = {*HOUSE, *COUNTERS, *known.facts, *fields, *own}
    for node in procedure.nodes.values():
        if "/" in node.id:
            continue
        for key, expression, is_asked in _expressions(node):
            odd = sorted(expression.names - facts)
            if odd and known.forms is not None:
                names = "、".join(odd)
                yield _finding(
                    model, WARNING, "lint.name", key, f"没有哪张表单填写 {names}",
                    f"no form writes {', '.join(odd)}",
                )  # fmt: skip
            if is_asked and not is_condition(expression, fields):
                yield _finding(
                    model, ERROR, "lint.kind", key, f"“{expression.text}”得不出是或否",
                    f"“{expression.text}” is never yes or no",
                )  # fmt: skip


def _lint_branches(model: Model, procedure: Procedure, known: Surroundings) -> Iterator[Finding]:
    """Yield what parallel branches both write: the last to come would win."""
    written: dict[str, set[str]] = {}
    for node in procedure.nodes.values():
        if "/" in node.id or node.container != TOP or node.collection is not None:
            continue
        form = (known.forms or {}).get(node.form)
        if form is not None:
            written[node.id] = {one.id for one in form.fields}
        elif node.form:
            written[node.id] = {node.form}
        elif node.kind == "rule":
            written[node.id] = {node.decision}
    keys = list(written)
    for place, one in enumerate(keys):
        for other in keys[place + 1 :]:
            both = sorted(written[one] & written[other])
            if both and procedure.branches.beside(one, other):
                names = "、".join(both)
                yield _finding(
                    model, WARNING, "lint.clash", other, f"与并行的 {one} 都写 {names}，后办的覆盖先办的",
                    f"it and {one} beside it both write {', '.join(both)}: the later one wins",
                )  # fmt: skip


def _lint_throws(model: Model, procedure: Procedure) -> Iterator[Finding]:
    """Yield errors and escalations that nothing in the file catches."""
    nodes = procedure.nodes
    for node in nodes.values():
        if not node.trigger or node.kind not in ("end", "throw") or "/" in node.id:
            continue
        inside, beside, caught = node.container, False, None
        while caught is None:
            listeners = () if beside else procedure.listeners.get(inside, ())
            caught = catcher((nodes[key] for key in listeners), node)
            if caught is not None or inside == TOP:
                break
            around = nodes[inside]
            caught = catcher((nodes[key] for key in around.boundaries), node)
            beside, inside = around.is_triggered, around.container
        if caught is None and node.trigger == "error":
            yield _finding(
                model, WARNING, "lint.uncaught", node.id, f"没有人接收错误 {node.code}，事项会就此结束",
                f"nothing catches the error {node.code}: the matter would end here",
            )  # fmt: skip
        elif caught is None:
            yield _finding(
                model, WARNING, "lint.uncaught", node.id, f"没有人接收升级 {node.code}",
                f"nothing catches the escalation {node.code}",
            )  # fmt: skip
