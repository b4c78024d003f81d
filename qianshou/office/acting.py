"""Every act on a matter that a page can send: read, hand to the door, show what was refused."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qianshou.design.asked import whole
from qianshou.design.desk import officer_page
from qianshou.design.fields import read_form
from qianshou.design.refused import by_field
from qianshou.kernel import door
from qianshou.kernel.access import Actor
from qianshou.kernel.clock import now
from qianshou.kernel.door import acts
from qianshou.kernel.procedures.versions import compiled, form_of
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.models import Officer
from qianshou.kernel.worklist.lists import see_matters, sees_matter, step_seen
from qianshou.office.matter import Tried, find_matter, show_matter
from qianshou.office.taking import take_files
from qianshou.office.timeline import act_words

Sent = Mapping[str, str]


def _number(sent: Sent, name: str) -> int:
    return whole(sent.get(name, "")) or 0


def _other(actor: Actor, sent: Sent, name: str) -> int:
    number = sent.get(name, "").strip()
    found = see_matters(actor).filter(number=number).values_list("pk", flat=True).first()
    if found is None:
        raise Refusal(
            "office.no_matter",
            f"没有找到编号为“{number}”的事项",
            f"There is no matter with the number “{number}”",
            name,
        )
    return found


def _officers(sent: Sent, name: str) -> tuple[int, ...]:
    """Return the officers who are written in a field by name or account, a space between several."""
    told = dict.fromkeys(re.split(r"[\s,，、;；]+", sent.get(name, "").strip()))
    known = Officer.objects.filter(Q(username__in=told) | Q(name__in=told))
    rows = list(known.values_list("pk", "username", "name").order_by("username"))
    return tuple(_officer(one, rows, name) for one in told)


def _officer(told: str, rows: list[tuple[int, str, str]], field: str) -> int:
    found = [row for row in rows if row[1] == told] or [row for row in rows if row[2] == told]
    if not found:
        raise Refusal(
            "office.no_officer",
            f"没有叫“{told}”的人，也没有这个账号",
            f"There is nobody of the name or account “{told}”",
            field,
        )
    if len(found) > 1:
        accounts = "、".join(row[1] for row in found)
        raise Refusal(
            "office.several_officers",
            f"叫“{told}”的不止一人，请写账号：{accounts}",
            f"Several are called “{told}”; write the account: {accounts}",
            field,
        )
    return found[0][0]


READERS: dict[str, Callable[[Actor, int, Sent], acts.Act]] = {
    "claim": lambda actor, matter, sent: acts.Claim(_number(sent, "task")),
    "release": lambda actor, matter, sent: acts.Release(_number(sent, "task")),
    "transfer": lambda actor, matter, sent: acts.Transfer(
        _number(sent, "task"), _number(sent, "officer"), sent.get("reason", "")
    ),
    "delegate": lambda actor, matter, sent: acts.Delegate(
        _number(sent, "task"), _number(sent, "officer"), sent.get("reason", "")[:200]
    ),
    "add_signer": lambda actor, matter, sent: acts.AddSigner(
        _number(sent, "task"), _number(sent, "officer"), sent.get("reason", "")[:200]
    ),
    "ask_first": lambda actor, matter, sent: acts.AddSigner(
        _number(sent, "task"),
        _number(sent, "officer"),
        sent.get("reason", "")[:200],
        before=True,
    ),
    "sign": lambda actor, matter, sent: acts.Sign(
        _number(sent, "task"), sent.get("text", "")[:200]
    ),
    "remove_signer": lambda actor, matter, sent: acts.RemoveSigner(
        _number(sent, "task"), sent.get("reason", "")[:200]
    ),
    "copy": lambda actor, matter, sent: acts.Copy(
        matter,
        _officers(sent, "officers"),
        sent.get("text", "")[:200],
        on=sent.get("on", "1") == "1",
    ),
    "read": lambda actor, matter, sent: acts.Read(matter, sent.get("text", "")[:200]),
    "recall": lambda actor, matter, sent: acts.Recall(_number(sent, "task")),
    "return": lambda actor, matter, sent: acts.Return(
        _number(sent, "task"),
        sent.get("target", ""),
        sent.get("reason", ""),
        straight=bool(sent.get("straight")),
    ),
    "withdraw": lambda actor, matter, sent: acts.Withdraw(
        _number(sent, "task"), sent.get("reason", "")
    ),
    "urge": lambda actor, matter, sent: acts.Urge(matter, sent.get("text", "")[:200]),
    "supervise": lambda actor, matter, sent: acts.Supervise(
        matter, sent.get("text", "")[:200], on=sent.get("on", "1") == "1"
    ),
    "suspend": lambda actor, matter, sent: acts.Suspend(matter, sent.get("text", "")[:200]),
    "resume": lambda actor, matter, sent: acts.Resume(matter, sent.get("text", "")[:200]),
    "comment": lambda actor, matter, sent: acts.Comment(matter, sent.get("text", "")),
    "link": lambda actor, matter, sent: acts.Link(
        matter, _other(actor, sent, "other"), sent.get("reason", "")[:200]
    ),
    "merge": lambda actor, matter, sent: acts.Merge(
        matter, _other(actor, sent, "into"), sent.get("reason", "")
    ),
    "disclose": lambda actor, matter, sent: acts.Disclose(
        matter, sent.get("fact", ""), sent.get("purpose", "")
    ),
}


@require_POST
@officer_page
def act(request: HttpRequest, actor: Actor, matter: int, name: str) -> HttpResponse:
    """Do one act on a matter; what the door refuses is shown beside its field.

    Tasks named in the form must be the matter's own, so that the address says what changes.
    """
    sent = request.POST
    task = _number(sent, "task")
    step = step_seen(actor, task, matter) if task else None
    if step is None if task else not sees_matter(actor, matter):
        raise Http404
    tried: Mapping[str, Any] = sent.dict()
    try:
        if name in ("complete", "resolve"):
            facts, refused = _read_task_form(request, step)
            tried = facts if name == "complete" else {**facts, "opinion": sent.get("opinion", "")}
            if refused:
                raise Refusals(refused)
            wanted: acts.Act = (
                acts.Complete(task, facts)
                if name == "complete"
                else acts.Resolve(task, facts, sent.get("opinion", "")[:200])
            )
        elif name == "attach":
            person = find_matter(actor, matter).person_id
            wanted = acts.Attach(matter, take_files(request, "files", now(), person=person))
        elif name in READERS:
            wanted = READERS[name](actor, matter, sent)
        else:
            raise Http404
        receipt = door.act(wanted, by=actor, at=now())
    except (Refusal, Refusals) as refusal:
        errors = by_field(refusal)
        return show_matter(
            request, actor, find_matter(actor, matter), tried=Tried(name, task, tried, errors)
        )
    if name == "disclose" and receipt is not None:
        disclosed = {sent.get("fact", ""): receipt.disclosed}
        return show_matter(request, actor, find_matter(actor, matter), disclosed=disclosed)
    messages.success(request, _("已%(act)s") % {"act": act_words(name)})
    return _onward(request, actor, matter)


def _onward(request: HttpRequest, actor: Actor, matter: int) -> HttpResponse:
    if request.POST.get("back") == "list":
        return redirect("worklist")
    if not sees_matter(actor, matter):
        return redirect("worklist")
    return redirect("matter", matter)


def _read_task_form(
    request: HttpRequest, step: tuple[str, str, int | None] | None
) -> tuple[dict[str, Any], list[Refusal]]:
    if step is None:
        raise Http404
    place, digest, person = step
    node = compiled(digest).node(place)
    if not node.form:
        return {}, []
    form = form_of(digest, node.form)
    return read_form(form, request.POST, request.FILES, at=now(), person=person)
