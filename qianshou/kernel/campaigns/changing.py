"""What changes a measure: reports of progress, evidence, declared done, verified or sent back."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime

from qianshou.kernel.access import Actor, actor_of, require
from qianshou.kernel.campaigns.models import Evidence, Measure, Progress
from qianshou.kernel.campaigns.rights import may_manage, may_report, may_verify
from qianshou.kernel.documents.models import Document
from qianshou.kernel.door.registering import change_row, lock_row
from qianshou.kernel.door.rules import require_text
from qianshou.kernel.door.turn import write_turn
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.models import Officer, Organisation

LONGEST = 2000


def report_progress(measure: Measure, *, share: int, text: str, by: Actor, at: datetime) -> None:
    """Tell how far an open measure is, 0 to 100, and what was done."""
    with _locked(measure):
        require(may_report(by, measure))
        _require_state(measure, "open")
        wrong = []
        if not 0 <= share <= 100:
            wrong.append(
                Refusal(
                    "campaign.share",
                    "进度应为 0 到 100 的整数",
                    "Progress is a whole number from 0 to 100",
                    "share",
                )
            )
        if not text.strip():
            wrong.append(_no_text("请写明做了什么", "Please say what was done"))
        if wrong:
            raise Refusals(wrong)
        change_row(measure, {"share": share}, by=by, at=at)
        _tell(measure, "report", share, text, by, at)


def attach_evidence(
    measure: Measure, documents: Sequence[tuple[str, str]], *, by: Actor, at: datetime
) -> None:
    """Hang stored documents, by digest and name, on a measure that is not verified yet.

    A document that hangs there already stays as it is.
    """
    with _locked(measure):
        require(may_report(by, measure))
        _require_state(measure, "open", "done")
        kept = set(measure.evidence.values_list("document", flat=True))
        for digest, name in documents:
            if digest not in kept:
                kept.add(digest)
                values = {
                    "measure": measure,
                    "document": Document.objects.get(pk=digest),
                    "name": name[:120] or digest[:8],
                    "officer": acting(by),
                    "at": at,
                }
                change_row(Evidence(), values, by=by, at=at)


def declare_done(measure: Measure, *, text: str, by: Actor, at: datetime) -> None:
    """Declare an open measure done; Refusal campaign.no_evidence where nothing shows it."""
    with _locked(measure):
        require(may_report(by, measure))
        _require_state(measure, "open")
        require_text(text, "text", "请写明完成情况", "Please say how it was done")
        if not measure.evidence.exists():
            raise Refusal(
                "campaign.no_evidence",
                "请先上传佐证材料，再申报完成",
                "Please upload evidence before you declare it done",
                "files",
            )
        values = {"state": "done", "share": 100, "done_at": at, "done_by": acting(by)}
        change_row(measure, values, by=by, at=at)
        _tell(measure, "done", 100, text, by, at)


def verify_measure(measure: Measure, *, text: str, by: Actor, at: datetime) -> None:
    """Say that a measure declared done by somebody else is really done."""
    with _locked(measure):
        _require_state(measure, "done")
        _require_another(measure, by)
        values = {"state": "verified", "verified_at": at, "verified_by": acting(by)}
        change_row(measure, values, by=by, at=at)
        _tell(measure, "verified", measure.share, text, by, at)


def send_back(measure: Measure, *, text: str, by: Actor, at: datetime) -> None:
    """Open a measure again that was declared done, with the reason; its progress is again what
    was last reported.
    """
    with _locked(measure):
        _require_state(measure, "done")
        _require_another(measure, by)
        require_text(text, "text", "请写明退回原因", "Please say why you send it back")
        last = measure.progress.filter(kind="report").order_by("-pk").first()
        share = last.share if last else 0
        values = {"state": "open", "share": share, "done_at": None, "done_by": None}
        change_row(measure, values, by=by, at=at, reason=text)
        _tell(measure, "returned", share, text, by, at)


def change_measure(
    measure: Measure,
    *,
    organisation: int | None,
    officer: int | None,
    due_date: date,
    reason: str,
    by: Actor,
    at: datetime,
) -> None:
    """Give a measure that is not verified another owner or deadline, with the reason.

    Refuses an organisation that does not exist any more (campaign.organisation), and an officer
    who holds no post in it (campaign.officer).
    """
    with _locked(measure):
        require(may_manage(by, measure.campaign))
        _require_state(measure, "open", "done")
        require_text(reason, "reason", "请写明调整原因", "Please say why you change it")
        owner = Organisation.objects.filter(pk=organisation or 0, valid_to=None).first()
        if owner is None:
            raise Refusal(
                "campaign.organisation",
                "请选择责任单位",
                "Please choose the organisation that owns it",
                "organisation",
            )
        found = None
        if officer is not None:
            found = Officer.objects.filter(pk=officer, is_active=True).first()
            if found is None or owner.pk not in actor_of(found, at).organisations:
                raise Refusal(
                    "campaign.officer",
                    "责任人目前不在该单位任职",
                    "That officer holds no post in the organisation today",
                    "officer",
                )
        values = {"organisation": owner, "officer": found, "due_date": due_date}
        change_row(measure, values, by=by, at=at, reason=reason)


def acting(by: Actor) -> Officer:
    """Return the officer who acts."""
    return Officer.objects.get(pk=by.officer or 0)


@contextmanager
def _locked(measure: Measure) -> Iterator[None]:
    with write_turn():
        lock_row(measure)
        yield


def _require_state(measure: Measure, *states: str) -> None:
    if measure.state not in states:
        raise Refusal(
            "campaign.state",
            f"这项措施现为“{measure.get_state_display()}”，不能这样办",
            f"This measure is {measure.state}: that cannot be done now",
        )


def _require_another(measure: Measure, by: Actor) -> None:
    if by.officer == measure.done_by_id:
        raise Refusal(
            "campaign.same_person",
            "申报完成的人不能自己核验，请由他人核验",
            "Whoever declared it done cannot verify it; somebody else must",
        )
    require(may_verify(by, measure))


def _no_text(zh: str, en: str) -> Refusal:
    return Refusal("door.text", zh, en, "text")


def _tell(measure: Measure, kind: str, share: int, text: str, by: Actor, at: datetime) -> None:
    values = {
        "measure": measure,
        "kind": kind,
        "share": share,
        "text": text.strip()[:LONGEST],
        "officer": acting(by),
        "at": at,
    }
    change_row(Progress(), values, by=by, at=at)
