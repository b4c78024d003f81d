"""What care's declarations cannot say, gathered here so that its registers fill at start."""

from qianshou.packs.commission.care import (
    eligibility,
    enrolment,
    guardians,
    hazard,
    month,
    report,
)
from qianshou.packs.commission.care.rounds import closing, procedures, running, taking_in

__all__ = [
    "closing",
    "eligibility",
    "enrolment",
    "guardians",
    "hazard",
    "month",
    "procedures",
    "report",
    "running",
    "taking_in",
]
