"""A year of a procedure simulated: the form with what the ledger says, how far it is, what it says."""

import hashlib
from collections.abc import Mapping
from typing import Any

from django.core.cache import cache
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from qianshou.design.desk import officer_page, show
from qianshou.design.refused import by_field, language
from qianshou.design.tried import Tried
from qianshou.kernel.access import Actor, require
from qianshou.kernel.clock import day_of, now
from qianshou.kernel.procedures.forms import Field
from qianshou.kernel.procedures.models import Version
from qianshou.kernel.procedures.scenario import (
    KINDS,
    RESIDENT,
    Scenario,
    Span,
    is_sampled,
    names_read,
)
from qianshou.kernel.procedures.versions import compiled, form_of
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.models import Post
from qianshou.kernel.simulations.fitting import Fitted, fit_scenario
from qianshou.kernel.simulations.models import Simulation
from qianshou.kernel.simulations.results import warnings_of
from qianshou.kernel.simulations.running import (
    ask_simulation,
    bound_side,
    is_given_up,
    make_side,
    simulations_of,
    under_way,
)

UNITS = ("per_hour", "per_day", "per_working_day")
WHOLE = ("days", "warm_up_days", "runs", "seed")
SHOWN = 20
CHARTED = 4
KEPT_SECONDS = 3600
SHARES = {"load", "utilisation", "late", "share"}


@require_http_methods(["GET", "HEAD", "POST"])
@officer_page
def page(request: HttpRequest, actor: Actor, procedure: str) -> HttpResponse:
    """Show the form with what the ledger says, and the officer's own simulations; or ask for one."""
    require(actor.role == "officer")
    versions = list(Version.objects.filter(procedure=procedure).order_by("-number"))
    version = next((row for row in versions if row.is_current), None)
    if version is None:
        raise Http404
    fitted = _fitted(procedure, version.digest, actor)
    own = simulations_of(actor, procedure)
    tried = Tried()
    if request.method == "POST":
        sent = request.POST.dict()
        try:
            row = _ask(actor, version, versions, fitted, sent, own)
        except (Refusal, Refusals) as refusal:
            tried = Tried("ask", sent, _beside(by_field(refusal)))
        else:
            return redirect("simulation", procedure, row.pk)
    context = {
        "version": version,
        "versions": versions,
        "fitted": fitted,
        "arrivals": _daily(fitted.scenario),
        "posts": [(post, name, fitted.scenario.staff[post]) for post, name in _posts(fitted)],
        "steps": _steps(version.digest, fitted),
        "kinds": [(kind, _kind_words(kind)) for kind in KINDS],
        "units": [(unit, _unit_words(unit)) for unit in UNITS],
        "own": [(row, is_given_up(row, now())) for row in own[:SHOWN]],
        "tried": tried,
        "here": "procedures",
    }
    return show(request, actor, "office/simulate.html", context, 422 if tried.errors else 200)


def _fitted(procedure: str, digest: str, actor: Actor) -> Fitted:
    """Return what the ledger says to the officer, kept for an hour: it is read from a whole year."""
    at = now()
    asked = f"{procedure} {digest} {day_of(at)} {actor.officer} {actor!r}"
    key = f"fitted-{hashlib.sha256(asked.encode()).hexdigest()}"
    found = cache.get(key)
    if not isinstance(found, Fitted):
        found = fit_scenario(procedure, digest, by=actor, at=at)
        cache.set(key, found, KEPT_SECONDS)
    return found


def _ask(
    actor: Actor,
    version: Version,
    versions: list[Version],
    fitted: Fitted,
    sent: Mapping[str, str],
    own: QuerySet[Simulation],
) -> Simulation:
    """Put what the form tells into the outbox; raises Refusals simulate.*, of the other side with
    "b." before the field, and Refusal simulate.busy while one is under way.
    """
    if under_way(own, now()).exists():
        raise Refusal(
            "simulate.busy",
            "您上一次模拟还没有算完",
            "Your last simulation is still under way",
        )
    told = _read(sent, "", fitted.scenario.steps)
    sides = [(version.digest, told)]
    other = next((row for row in versions if str(row.number) == sent.get("version_b")), version)
    staff = _read(sent, "b.", {}).get("staff", {})
    if staff or other is not version:
        sides.append((other.digest, {**told, "staff": {**told.get("staff", {}), **staff}}))
    wrong: list[Refusal] = []
    for number, (digest, one) in enumerate(sides):
        try:
            bound_side(make_side(fitted, digest, one))
        except (Refusal, Refusals) as refused:
            found = refused.refusals if isinstance(refused, Refusals) else [refused]
            wrong += [_renamed(each, "b." if number else "") for each in found]
    if wrong:
        raise Refusals(_once(wrong))
    return ask_simulation(version.procedure, sides, by=actor, at=now())


def _once(refusals: list[Refusal]) -> list[Refusal]:
    """Return refusals without those of the other side that the first has too."""
    first = {one.field for one in refusals if not (one.field or "").startswith("b.")}
    return [
        one
        for one in refusals
        if one.field in first or (one.field or "").removeprefix("b.") not in first
    ]


def _renamed(refusal: Refusal, before: str) -> Refusal:
    return Refusal(refusal.code, refusal.zh, refusal.en, f"{before}{refusal.field or ''}")


def _beside(errors: dict[str, list[str]]) -> dict[str, list[str]]:
    """Return the sentences by the field of the form at which they are shown."""
    return {
        "arrivals" if name.startswith("arrivals") else name: texts for name, texts in errors.items()
    }


def _read(sent: Mapping[str, str], before: str, spans: Mapping[str, Span]) -> dict[str, Any]:
    """Return what a form tells of one side; what is left empty is as the ledger says, of a span
    too: its mean and its deviation.
    """
    told: dict[str, Any] = {}
    for step, span in spans.items():
        kind = sent.get(f"kind.{step}", span.kind)
        mean = sent.get(f"steps.{step}", "").strip()[:40]
        if mean or kind != span.kind:
            changed = {"mean": mean or span.mean, "kind": kind, "cv": span.cv}
            told.setdefault("steps", {})[step] = changed
    for name, value in sent.items():
        text = value.strip()[:40]
        if not text or not name.startswith(before):
            continue
        kind, _dot, rest = name.removeprefix(before).partition(".")
        if kind == "staff" and rest:
            told.setdefault("staff", {})[rest] = text
        elif kind == "outcomes" and rest.count("|") == 2:
            step, field, choice = rest.split("|")
            told.setdefault("outcomes", {}).setdefault(step, {}).setdefault(field, {})[choice] = (
                text
            )
        elif kind in WHOLE:
            told[kind] = text
        elif kind == "arrivals":
            unit = sent.get("unit", "")
            told["arrivals"] = {unit if unit in UNITS else UNITS[1]: text}
    return told


def _daily(scenario: Scenario) -> float:
    """Return how many matters come on a working day, as the ledger says."""
    return round(sum(scenario.arrivals.work), 2)


def _posts(fitted: Fitted) -> list[tuple[str, str]]:
    """Return the posts of a procedure with their names."""
    zh = language().startswith("zh")
    names = dict(Post.objects.values_list("code", "name" if zh else "name_en"))
    return [(post, names.get(post, post)) for post in fitted.scenario.staff]


def _steps(digest: str, fitted: Fitted) -> list[dict[str, Any]]:
    """Return the steps with their times and the shares of their outcomes, as the ledger says."""
    made = compiled(digest)
    read, zh = names_read(made), language().startswith("zh")
    found = []
    for node in made.steps():
        fields = form_of(digest, node.form).fields if node.form else ()
        span: Span = fitted.scenario.steps[node.id]
        found.append(
            {
                "id": node.id,
                "name": node.name if zh else node.name_en or node.name,
                "resident": RESIDENT in node.posts,
                "span": span,
                "counted": fitted.counted.get(node.id, 0),
                "outcomes": [
                    (field.id, field.label(language()), _shares(fitted.scenario, node.id, field))
                    for field in fields
                    if is_sampled(field, read) and (field.choices or field.kind == "boolean")
                ],
            }
        )
    return found


def _shares(scenario: Scenario, step: str, field: Field) -> list[tuple[str, str, float]]:
    """Return the values of a field with their names and shares in per cent."""
    told = scenario.facts.get(step, ())
    whole_ = sum(weight for _facts, weight in told) or 1.0
    zh = language().startswith("zh")
    values: list[tuple[Any, str]] = [
        (choice.value, choice.zh if zh else choice.en) for choice in field.choices
    ] or [(True, _("是")), (False, _("否"))]
    return [
        (
            str(value).lower() if isinstance(value, bool) else str(value),
            label,
            round(
                100
                * sum(weight for facts, weight in told if facts.get(field.id) == value)
                / whole_,
                1,
            ),
        )
        for value, label in values
    ]


def _kind_words(kind: str) -> str:
    return {"exponential": _("指数"), "lognormal": _("对数正态"), "fixed": _("固定")}[kind]


def _unit_words(unit: str) -> str:
    return {
        "per_hour": _("件/小时"),
        "per_day": _("件/天"),
        "per_working_day": _("件/工作日"),
    }[unit]


def find_simulation(actor: Actor, procedure: str, row: int) -> Simulation:
    """Return one of the officer's own simulations, or raise the 404."""
    found = simulations_of(actor, procedure).filter(pk=row).first()
    if found is None:
        raise Http404
    assert isinstance(found, Simulation)
    return found


@require_safe
@officer_page
def result(request: HttpRequest, actor: Actor, procedure: str, row: int) -> HttpResponse:
    """Show what a simulation says, or how far it is; to whoever asked for it alone."""
    found = find_simulation(actor, procedure, row)
    version = Version.objects.get(digest=found.told[0]["digest"])
    context: dict[str, Any] = {
        "row": found,
        "version": version,
        "given_up": is_given_up(found, now()),
        "here": "procedures",
    }
    if found.result is not None:
        context.update(_result_context(found))
    return show(request, actor, "office/simulation.html", context)


@require_safe
@officer_page
def progress(request: HttpRequest, actor: Actor, procedure: str, row: int) -> HttpResponse:
    """Show how far a simulation is; when it is over the page loads itself anew."""
    found = find_simulation(actor, procedure, row)
    if found.percent == 100 or is_given_up(found, now()):
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "office/simulation_progress.html", {"row": found})


def _result_context(row: Simulation) -> dict[str, Any]:
    assert row.result is not None
    sides = row.result["sides"]
    zh = language().startswith("zh")
    procedures = [compiled(one["digest"]) for one in row.told]
    nodes = {
        node.id: node.name if zh else node.name_en or node.name
        for made in procedures
        for node in made.nodes.values()
    }
    posts = dict(Post.objects.values_list("code", "name" if zh else "name_en"))
    groups = [
        (_("全程"), "all", _words_of_all(), {"": row.procedure}),
        (_("结果"), "end", {"share": _("占比")}, nodes),
        (_("岗位"), "post", _words_of_post(), posts),
        (_("环节"), "step", _words_of_step(), nodes),
    ]
    return {
        "sides": sides,
        "staff": [
            [(posts.get(post, post), count) for post, count in one["staff"].items()]
            for one in sides
        ],
        "warnings": [
            [pair[0 if zh else 1] for pair in warnings_of(one, {**nodes, **posts})] for one in sides
        ],
        "groups": [
            (title, kind, words, _lines(row.result, kind, words, names))
            for title, kind, words, names in groups
        ],
        "chart": _queue_chart(sides, posts),
    }


def _words_of_all() -> dict[str, str]:
    return {
        "arrived": _("来件"), "closed": _("办结"), "per_day": _("每天办结"), "open": _("期末未结"),
        "time_mean": _("全程平均（小时）"), "time_p50": _("全程中位（小时）"),
        "time_p90": _("全程九成（小时）"),
    }  # fmt: skip


def _words_of_post() -> dict[str, str]:
    return {
        "load": _("负荷 %"), "utilisation": _("利用率 %"), "queue": _("平均排队"),
        "waited_mean": _("等待平均（分）"), "waited_p50": _("等待中位（分）"),
        "waited_p90": _("等待九成（分）"), "left": _("期末仍在排队"),
    }  # fmt: skip


def _words_of_step() -> dict[str, str]:
    return {
        "done": _("办结次数"), "late": _("超时 %"), "waited_mean": _("等待平均（分）"),
        "took_mean": _("用时平均（分）"),
    }  # fmt: skip


def _lines(
    result: Mapping[str, Any], kind: str, words: Mapping[str, str], names: Mapping[str, str]
) -> list[tuple[str, list[tuple[str, list[str]]]]]:
    """Return (name, [(which side, a cell for each measure)]), the difference last."""
    sides = [("AB"[place], one["estimates"]) for place, one in enumerate(result["sides"])]
    if "differences" in result:
        sides.append((_("B 减 A"), result["differences"]))
    else:
        sides = [("", estimates) for _side, estimates in sides]
    return [
        (
            names.get(name, name),
            [
                (side, [_cell(told.get(kind, {}).get(name, {}).get(one), one) for one in words])
                for side, told in sides
            ],
        )
        for name in dict.fromkeys(name for _side, told in sides for name in told.get(kind, {}))
    ]


def _cell(values: list[float | None] | None, measure: str) -> str:
    """Return a mean with its interval as text."""
    if not values or values[0] is None:
        return "—"
    by = 100 if measure in SHARES else 1
    mean, low, high = (None if value is None else value * by for value in values)
    if low is None or high is None:
        return f"{mean:.4g}"
    digits = 0 if abs(mean or 0) >= 1000 else 1 if abs(mean or 0) >= 10 else 2
    return f"{mean:z.{digits}f}\u00a0[{low:z.{digits}f},\u00a0{high:z.{digits}f}]"


def _queue_chart(sides: list[Mapping[str, Any]], posts: Mapping[str, str]) -> dict[str, Any]:
    """Return the mean queues week by week of the posts with the longest."""
    longest = sorted(
        {post for side in sides for post in side["weeks"]},
        key=lambda post: -max(max(side["weeks"].get(post) or [0]) for side in sides),
    )[:CHARTED]
    weeks = max(len(queue) for side in sides for queue in side["weeks"].values())
    marks = ["A ", "B "] if len(sides) > 1 else [""]
    return {
        "label": _("每周平均排队件数"),
        "xAxis": {"type": "category", "data": [str(number + 1) for number in range(weeks)]},
        "yAxis": {"type": "value", "name": _("件")},
        "series": [
            {
                "name": f"{mark}{posts.get(post, post)}",
                "type": "line",
                "symbol": "none",
                "lineStyle": {"type": "dashed" if mark == "B " else "solid"},
                "data": side["weeks"].get(post, []),
            }
            for mark, side in zip(marks, sides, strict=True)
            for post in longest
        ],
    }
