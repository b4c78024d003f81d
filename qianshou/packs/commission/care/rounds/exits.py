"""When a round may be closed: the exit rule (crosscheck.md B5), and what stands against it."""

from django.db.models import Count

from qianshou.kernel.refusal import Refusal
from qianshou.packs.commission.care.models import Mismatch, Round

NAMES_EN = {
    "M1": "fields differ",
    "C1": "same number, other name or birthday",
    "C2": "same child, other number",
    "A1": "several candidates",
    "D1": "twice in the rosters",
    "D2": "twice in education's list",
    "N1": "not in education's list",
    "N2": "in no roster",
    "E1": "eligibility unsure",
}
NAMES = dict(Mismatch.CODES)


def open_by_code(row: Round) -> dict[str, int]:
    """Return how many mismatches of a round are open, by code; codes without any are left out."""
    counted = (
        Mismatch.objects.filter(round=row, state="open")
        .order_by("code")
        .values_list("code")
        .annotate(n=Count("pk"))
    )
    return dict(counted)


def reasons_against(row: Round) -> list[Refusal]:
    """Return why a round cannot be closed yet; none when it may.

    Every M1, C1, C2, A1, D1 and D2 is decided, every N1 and N2 explained, every E1 settled.
    """
    if row.state in ("collecting", "comparing"):
        return [
            Refusal(
                "care.exit_early",
                "名单还没有收齐并比对",
                "The lists are not all in and compared yet",
                "result",
            )
        ]
    return [
        Refusal(
            "care.exit_open",
            f"{code}（{NAMES[code]}）还有 {number} 项没有说清",
            f"{code} ({NAMES_EN[code]}): {number} still open",
            "result",
        )
        for code, number in open_by_code(row).items()
    ]
