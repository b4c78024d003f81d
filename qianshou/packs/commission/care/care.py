"""What care's declarations cannot say, gathered here so that its registers fill at start."""

from qianshou.packs.commission.care import (
    eligibility,
    enrolment,
    guardians,
    handover,
    hazard,
    letter,
    month,
    namesheet,
    record_pages,
    report,
    sample,
    wish,
)
from qianshou.packs.commission.care.rounds import closing, procedures, running, taking_in

__all__ = [
    "closing",
    "eligibility",
    "enrolment",
    "guardians",
    "handover",
    "hazard",
    "letter",
    "month",
    "namesheet",
    "procedures",
    "record_pages",
    "report",
    "running",
    "sample",
    "taking_in",
    "wish",
]
