"""The tables of care: children and what is promised, done and found for them."""

from qianshou.packs.commission.care.models.child import (
    Child,
    Eligibility,
    Enrolment,
)
from qianshou.packs.commission.care.models.contact import (
    Contact,
    Letter,
    Vetting,
    VisitDraft,
    Wish,
)
from qianshou.packs.commission.care.models.guardian import (
    GuardianLink,
    GuardianRequest,
)
from qianshou.packs.commission.care.models.namesheet import (
    NameSheet,
)
from qianshou.packs.commission.care.models.oversight import (
    Commendation,
    Handover,
    Sample,
    SampleVisit,
)
from qianshou.packs.commission.care.models.pledge import (
    Pledge,
)
from qianshou.packs.commission.care.models.safety import (
    HarmReport,
    Hazard,
)
from qianshou.packs.commission.care.models.survey import (
    BlindCheck,
    Comparison,
    Mismatch,
    Proof,
    Roster,
    RosterDraft,
    Round,
)

__all__ = [
    "BlindCheck",
    "Child",
    "Commendation",
    "Comparison",
    "Contact",
    "Eligibility",
    "Enrolment",
    "GuardianLink",
    "GuardianRequest",
    "Handover",
    "HarmReport",
    "Hazard",
    "Letter",
    "Mismatch",
    "NameSheet",
    "Pledge",
    "Proof",
    "Roster",
    "RosterDraft",
    "Round",
    "Sample",
    "SampleVisit",
    "Vetting",
    "VisitDraft",
    "Wish",
]
