"""A paper matter (纸上走一遍): a revision tried step by step, with no matter behind it.

Its moves travel with the page, signed, and are played anew from the start each time: the engine
is pure. Service tasks and messages are told, not done.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from markupsafe import Markup

from qianshou.design.asked import whole
from qianshou.design.desk import officer_page, show
from qianshou.design.fields import ShownField, read_form, shown_fields, suggested
from qianshou.design.refused import by_field, language
from qianshou.kernel.access import Actor
from qianshou.kernel.clock import now
from qianshou.kernel.pack import pack_of
from qianshou.kernel.procedures import engine
from qianshou.kernel.procedures.compiled import Procedure
from qianshou.kernel.procedures.drawing import Standing, draw
from qianshou.kernel.procedures.elements import Model
from qianshou.kernel.procedures.forms import Form, load_form, validate
from qianshou.kernel.procedures.versions import compile_sources
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.choices import choices_of
from qianshou.kernel.revising import Sources, sources_of
from qianshou.office.studio.revisions import find_revision

SALT, MOST = "qianshou.studio.paper", 200
Move = list[Any]
HOUSE = {"number": "ZS-20260101-0001", "via": "page"}


@dataclass
class Paper:
    """A paper matter after its moves: the engine's state and what was told on the way."""

    state: engine.State | None
    told: list[str]
    done: set[str]
    outcome: str | None


def play(procedure: Procedure, moves: list[Move], at: datetime) -> Paper:
    """Return the paper matter after `moves`; raises what the engine refuses."""
    paper = Paper(None, [], set(), None)
    for what, key, facts in moves:
        act: engine.Act
        if what == "open":
            act = engine.Open({**HOUSE, **facts}, key)
        elif what == "complete":
            act = engine.Complete(whole(key) or 0, facts)
        elif what == "fire":
            act = engine.Fire(whole(key) or 0)
        else:
            act = engine.Deliver(key, facts)
        step = engine.advance(procedure, paper.state, act, at)
        paper.state, paper.outcome = step.state, step.outcome
        paper.told += [effect.name for effect in step.effects]
        paper.done |= {node.partition("/")[0] for node in step.passed}
    return paper


@dataclass(frozen=True)
class Waiting:
    """One thing that a paper matter waits for: what moves it on, its key, name, post and form."""

    what: str
    key: str
    name: str
    posts: tuple[str, ...]
    title: str
    fields: list[ShownField]


@require_http_methods(["GET", "POST"])
@officer_page
def page(request: HttpRequest, actor: Actor, revision: int) -> HttpResponse:
    """Show a paper matter and take its next move."""
    found = find_revision(actor, revision)
    sources = sources_of(found)
    context: dict[str, Any] = {"revision": found, "here": "procedures"}
    try:
        model, procedure = compile_sources(found.procedure, sources)
    except (Refusal, Refusals) as refused:
        context["broken"] = by_field(refused)
        return show(request, actor, "office/paper.html", context)
    salt = f"{SALT}/{found.pk}/{found.seq}"
    moves = _moves(request, salt)
    errors: dict[str, list[str]] = {}
    tried = ""
    at = now()
    if request.method == "POST" and request.POST.get("do") == "back":
        moves = moves[:-1]
    elif request.method == "POST" and request.POST.get("do") and len(moves) < MOST:
        tried = request.POST["do"]
        try:
            moves = [*moves, _move(request, procedure, sources, moves, at)]
            play(procedure, moves, at)
        except (Refusal, Refusals) as refused:
            errors, moves = by_field(refused), _moves(request, salt)
    paper = play(procedure, moves, at)
    context |= {
        "moves": signing.dumps(moves, salt=salt, compress=True),
        "count": len(moves),
        "paper": paper,
        "stands": state_words(paper),
        "facts": sorted((paper.state.facts if paper.state else {}).items()),
        "waiting": _waiting(found.procedure, procedure, sources, paper, tried, errors),
        "drawing": _drawn(model, paper),
        "errors": errors,
        "tried": tried,
    }
    return show(request, actor, "office/paper.html", context, 422 if errors else 200)


def _moves(request: HttpRequest, salt: str) -> list[Move]:
    """Return the moves that the page carries; none where the draft was saved anew meanwhile."""
    try:
        moves: list[Move] = signing.loads(request.POST.get("moves", ""), salt=salt)
    except signing.BadSignature:
        return []
    return moves


def _move(
    request: HttpRequest, procedure: Procedure, sources: Sources, moves: list[Move], at: datetime
) -> Move:
    """Return the move that the page asks for, with the clean facts of its form."""
    what, _colon, key = request.POST["do"].partition(":")
    form = None
    if what == "open":
        form = _form(sources, _start_form(procedure, key))
    elif what == "complete":
        state = play(procedure, moves, at).state
        token = state.tokens.get(whole(key) or 0) if state else None
        form = _form(sources, procedure.nodes[token.node].form) if token else None
    facts: dict[str, Any] = {}
    if form is not None:
        raw, _refused = read_form(form, request.POST, MultiValueDict(), at=at)
        facts = validate(form, raw, choices_of)
    return [what, key, facts]


def _form(sources: Sources, name: str) -> Form | None:
    return load_form(sources["forms"][name].encode(), name) if name in sources["forms"] else None


def _start_form(procedure: Procedure, start: str) -> str:
    declared = pack_of(procedure.id).starts.values()
    return next(
        (one.form for one in declared if one.procedure == procedure.id and one.start == start), ""
    )


def _waiting(
    key: str,
    procedure: Procedure,
    sources: Sources,
    paper: Paper,
    tried: str,
    errors: dict[str, list[str]],
) -> list[Waiting]:
    """Return what the paper matter waits for now: a start, steps, timers, messages."""
    zh = language().startswith("zh")

    def name_of(node: Any) -> str:
        return str(node.name if zh or not node.name_en else node.name_en) or str(node.id)

    def waiting(what: str, key: str, name: str, posts: tuple[str, ...], form: str) -> Waiting:
        found = _form(sources, form)
        facts = paper.state.facts if paper.state else {}
        refused = errors if tried == f"{what}:{key}" else {}
        fields = (
            shown_fields(found, language(), values=suggested(found, facts), errors=refused)
            if found
            else []
        )
        return Waiting(what, key, name, posts, found.title(language()) if found else "", fields)

    if paper.state is None:
        return [
            waiting(
                "open", start, name_of(procedure.nodes[start]), (), _start_form(procedure, start)
            )
            for start in procedure.starts
        ]
    found: list[Waiting] = []
    for number, token in paper.state.tokens.items():
        node = procedure.nodes[token.node]
        if token.via == engine.MANY:
            continue
        if node.kind == "user":
            found.append(waiting("complete", str(number), name_of(node), node.posts, node.form))
        elif node.timer is not None and node.kind in ("catch", "boundary", "listen"):
            found.append(waiting("fire", str(number), name_of(node), (), ""))
        elif node.message and node.kind in ("catch", "boundary", "listen"):
            found.append(waiting("deliver", node.message, name_of(node), (), ""))
    return found


def _drawn(model: Model, paper: Paper) -> Markup:
    tokens = paper.state.tokens.values() if paper.state else ()
    here = {token.node.partition("/")[0] for token in tokens}
    drawn = draw(model, Standing(done=paper.done, now=here), language())
    return Markup(drawn)  # noqa: S704 - draw escapes every text


def state_words(paper: Paper) -> str:
    """Return where the paper matter stands, in words."""
    if paper.outcome is not None:
        return _("已走到结束：%(end)s") % {"end": paper.outcome}
    return _("还没有开始") if paper.state is None else _("办理中")
