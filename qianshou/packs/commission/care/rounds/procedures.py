"""What happens inside the door when the survey's matters move."""

from qianshou.kernel.access import CLOCK
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.pack import Change, projection
from qianshou.kernel.refusal import Refusal
from qianshou.packs.commission.care.models import Mismatch, Roster, Round
from qianshou.packs.commission.care.rounds.closing import require_conference
from qianshou.packs.commission.care.rounds.correcting import changes_of
from qianshou.packs.commission.care.rounds.explaining import second_self
from qianshou.packs.commission.care.rounds.owners import SECOND_REVIEW
from qianshou.packs.commission.care.rounds.values import open_values


@projection("care.round")
def project_round(change: Change) -> None:
    """Keep the round's row true; a list counts only as it was sealed on its page."""
    if change.act != "complete":
        return
    if change.node == "hand_in":
        rosters = Roster.objects.filter(
            round__matter=change.matter, organisation=change.holder, withdrawn_at=None
        )
        told = {key: change.submitted.get(key) or "" for key in ("purpose", "legal_basis")}
        if not rosters.filter(digest=change.submitted["digest"], **told).exists():
            raise on_page()
    elif change.node == "verify" and change.submitted["result"] == "confer":
        row = Round.objects.get(matter=change.matter)
        require_conference(row)
        change_row(row, {"state": "conferring"}, by=CLOCK, at=change.at)
    elif change.node == "confer":
        row = Round.objects.get(matter=change.matter)
        change_row(row, {"state": "verifying"}, by=CLOCK, at=change.at)


@projection("care.mismatch")
def project_mismatch(change: Change) -> None:
    """Settle a mismatch when its matter ends; decisions come from its page, where they are sealed."""
    if change.act not in ("complete", "deliver"):
        return
    row = Mismatch.objects.select_related("roster", "other").filter(matter=change.matter).first()
    if row is None:
        return
    step = change.node.rpartition("/")[2]
    if step in ("explain", "rule") and (row.decided_by_id, row.decision, row.reason) != (
        change.officer,
        change.submitted["decision"],
        change.submitted["reason"],
    ):
        raise on_page()
    if step == "second" and change.submitted["confirm"] == "yes":
        if row.decided_by_id == change.officer:
            raise second_self()
        if row.second_by_id is None:
            raise on_page()
    if not change.closed:
        return
    passed = change.act == "deliver" and not change.submitted.get("conference")
    change_row(row, {"state": "passed" if passed else _settled(row)}, by=CLOCK, at=change.at)


def _settled(row: Mismatch) -> str:
    fields = open_values(row).told.answer.get("fields", {})
    if changes_of(row, fields):
        return "corrected"
    return "confirmed" if row.code in SECOND_REVIEW else "explained"


def on_page() -> Refusal:
    """Return the answer to what is sent past the survey's own pages."""
    return Refusal(
        "care.on_page",
        "请在“排查轮次”的页面上办理：名单和说明在那里加密保存",
        "Please do this on the pages of the survey: lists and explanations are sealed there",
    )
