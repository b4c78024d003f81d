"""What care's declarations cannot say, gathered here so that its registers fill at start."""

from qianshou.packs.commission.care import (
    eligibility,
    enrolment,
    guardians,
    handover,
    letter,
    sample,
    wish,
)

__all__ = ["eligibility", "enrolment", "guardians", "handover", "letter", "sample", "wish"]
