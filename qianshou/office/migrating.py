"""Moving running matters to another version: the plan, its trial on all of them, its progress."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from qianshou.design.asked import whole
from qianshou.design.desk import officer_page, show
from qianshou.design.download import table_response
from qianshou.design.environment import either
from qianshou.design.refused import by_field, language
from qianshou.design.tried import Tried
from qianshou.kernel import migrating
from qianshou.kernel.access import Actor, require
from qianshou.kernel.clock import now
from qianshou.kernel.door.migrating import route_of
from qianshou.kernel.migrating import Choice, Trial
from qianshou.kernel.procedures.migration import Hurdle
from qianshou.kernel.procedures.models import Migration, Version
from qianshou.kernel.procedures.versions import compiled
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.sheets import Column
from qianshou.kernel.revising import may_revise

PAGE = 50
MOST = 5000
COLUMNS = (
    Column("number", "编号", "Number"),
    Column("steps", "所在环节", "Step"),
    Column("verdict", "能否迁移", "Verdict"),
    Column("reason", "原因", "Reason"),
)


def find_plan(actor: Actor, plan: int) -> Migration:
    """Return a plan for whoever may revise its procedure; raises the 404, or access.denied."""
    found = get_object_or_404(
        Migration.objects.select_related("source", "target", "drafted_by", "approved_by"), pk=plan
    )
    require(may_revise(actor, found.procedure))
    return found


@require_http_methods(["GET", "POST"])
@officer_page
def index(request: HttpRequest, actor: Actor, procedure: str) -> HttpResponse:
    """Show the plans of a procedure, and begin one from a version to another."""
    require(may_revise(actor, procedure))
    versions = list(Version.objects.filter(procedure=procedure).order_by("-number"))
    current = next((one for one in versions if one.is_current), None)
    if current is None:
        raise Http404
    tried = Tried()
    if request.method == "POST":
        chosen = [_version(versions, request.POST.get(name, "")) for name in ("source", "target")]
        try:
            plan = _begin(chosen, actor)
        except (Refusal, Refusals) as refusal:
            tried = Tried("begin", request.POST, by_field(refusal))
        else:
            return redirect("migration", plan.pk)
    running = migrating.count_running(procedure)
    context = {
        "version": current,
        "versions": [(one, running.get(one.pk, 0)) for one in versions],
        "first": next((one.pk for one in versions if one != current and running.get(one.pk)), None),
        "plans": Migration.objects.filter(procedure=procedure)
        .select_related("source", "target", "drafted_by")
        .order_by("-pk")[:PAGE],
        "tried": tried,
        "here": "procedures",
    }
    return show(request, actor, "office/migrations.html", context, 422 if tried.errors else 200)


def _version(versions: list[Version], text: str) -> Version | None:
    return next((one for one in versions if one.pk == whole(text)), None)


def _begin(chosen: list[Version | None], actor: Actor) -> Migration:
    source, target = chosen
    if source is None or target is None:
        raise Refusal("migration.version", "请选一个版本", "Please choose a version", "target")
    return migrating.begin(source, target, by=actor, at=now())


@require_safe
@officer_page
def page(request: HttpRequest, actor: Actor, plan: int) -> HttpResponse:
    """Show a plan."""
    return _show(request, actor, find_plan(actor, plan), Tried())


def _show(request: HttpRequest, actor: Actor, plan: Migration, tried: Tried) -> HttpResponse:
    context = {
        "plan": plan,
        "choices": [_shown(one) for one in migrating.choices_of(plan)],
        "hurdles": [_hurdle_words(one) for one in route_of(plan).hurdles()],
        "is_mine": actor.officer == plan.drafted_by_id,
        "percent": percent_of(plan),
        "tried": tried,
        "here": "procedures",
    }
    return show(request, actor, "office/migration.html", context, 422 if tried.errors else 200)


def percent_of(plan: Migration) -> int:
    """Return how far a plan is that is being carried out."""
    return min(99, 100 * (plan.moved + plan.stayed) // plan.total) if plan.total else 99


def _shown(choice: Choice) -> dict[str, Any]:
    return {
        "id": choice.id,
        "name": either(choice.name, choice.name_en),
        "is_way": choice.is_way,
        "chosen": choice.chosen,
        "places": [(key, either(name, name_en)) for key, name, name_en in choice.places],
    }


def _hurdle_words(hurdle: Hurdle) -> tuple[str, str]:
    return either(hurdle.name, hurdle.name_en), either(hurdle.zh, hurdle.en)


Sent = Mapping[str, str]


def _keep(plan: Migration, sent: Sent, by: Actor) -> None:
    chosen = {name[3:]: value for name, value in sent.items() if name.startswith("to.")}
    migrating.keep(plan, chosen, sent.get("reason", ""), by=by, at=now())


def _offer(plan: Migration, sent: Sent, by: Actor) -> None:
    _keep(plan, sent, by)
    migrating.offer(plan, by=by, at=now())


def _take_back(plan: Migration, sent: Sent, by: Actor) -> None:
    migrating.take_back(plan, by=by, at=now())


def _drop(plan: Migration, sent: Sent, by: Actor) -> None:
    migrating.drop(plan, by=by, at=now())


def _give_back(plan: Migration, sent: Sent, by: Actor) -> None:
    migrating.give_back(plan, sent.get("back", ""), by=by, at=now())


def _approve(plan: Migration, sent: Sent, by: Actor) -> None:
    migrating.approve(plan, by=by, at=now())


def _undo(plan: Migration, sent: Sent, by: Actor) -> Migration:
    return migrating.undo(plan, by=by, at=now())


ACTS: Mapping[str, Callable[[Migration, Sent, Actor], Migration | None]] = {
    "keep": _keep,
    "offer": _offer,
    "take-back": _take_back,
    "drop": _drop,
    "give-back": _give_back,
    "approve": _approve,
    "undo": _undo,
}


@require_POST
@officer_page
def act(request: HttpRequest, actor: Actor, plan: int, name: str) -> HttpResponse:
    """Do one act on a plan; what is refused stands beside its field, and nothing chosen is lost."""
    found = find_plan(actor, plan)
    if name not in ACTS:
        raise Http404
    try:
        made = ACTS[name](found, request.POST, actor)
    except (Refusal, Refusals) as refusal:
        if isinstance(refusal, Refusal) and refusal.code == "access.denied":
            raise
        form = "keep" if name == "offer" else name
        return _show(request, actor, found, Tried(form, request.POST, by_field(refusal)))
    if name == "keep":
        messages.success(request, _("已保存"))
    return redirect("migration", (made or found).pk)


@require_safe
@officer_page
def progress(request: HttpRequest, actor: Actor, plan: int) -> HttpResponse:
    """Show how far a plan is; when it is done the page loads itself anew."""
    found = find_plan(actor, plan)
    if found.state != "approved":
        return HttpResponse(headers={"HX-Refresh": "true"})
    context = {"plan": found, "percent": percent_of(found)}
    return render(request, "office/migration_progress.html", context)


@require_safe
@officer_page
def trial(request: HttpRequest, actor: Actor, plan: int) -> HttpResponse:
    """Show which running matters of the old version would move and which not, and why; changes
    nothing.
    """
    found = find_plan(actor, plan)
    only = request.GET.get("only", "")
    after = whole(request.GET.get("after", "")) or 0
    counted = migrating.count_trials(
        migrating.try_plan(found, by=actor, at=now()), after, PAGE, only
    )
    names = _step_names(found)
    context = {
        "plan": found,
        "only": only,
        "counted": counted,
        "rows": [(one, *_trial_words(one, names)) for one in counted.page],
        "following": urlencode({"only": only, "after": counted.following or 0}),
        "here": "procedures",
    }
    return show(request, actor, "office/migration_trial.html", context)


@require_safe
@officer_page
def export(request: HttpRequest, actor: Actor, plan: int) -> HttpResponse:
    """Return the trial as an Excel file or CSV, 5,000 rows at most; those that stay come first."""
    found = find_plan(actor, plan)
    names = _step_names(found)
    trials = sorted(migrating.try_plan(found, by=actor, at=now()), key=lambda one: not one.hurdles)
    lines = _lines(trials[: MOST + 1], names)
    return table_response(request, COLUMNS, lines, f"migration-{found.pk}", MOST)


def _lines(trials: list[Trial], names: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    for one in trials:
        steps, reasons = _trial_words(one, names)
        number = one.number or _("知情范围内")
        yield number, steps, _("不能迁移") if one.hurdles else _("可以迁移"), reasons


def _step_names(plan: Migration) -> dict[str, str]:
    nodes = compiled(plan.source.digest).nodes.values()
    return {node.id: either(node.name, node.name_en) for node in nodes}


def _trial_words(one: Trial, names: Mapping[str, str]) -> tuple[str, str]:
    """Return where a matter stands and what keeps it there, in words."""
    comma, stop, colon = ("、", "；", "：") if language().startswith("zh") else (", ", "; ", ": ")
    reasons = (f"{name}{colon}{text}" for name, text in map(_hurdle_words, one.hurdles))
    return comma.join(names[key] for key in one.steps), stop.join(reasons)
