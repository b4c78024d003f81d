"""Whose a mismatch is, by its code (crosscheck.md B5), within how long, and who may know of it."""

from collections.abc import Iterable
from datetime import datetime

from qianshou.kernel.access import Actor
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.registry.models import Circle, Organisation
from qianshou.packs.commission.care.circle import add_seat
from qianshou.packs.commission.care.rounds.sight import LEAD, LEAD_POST, POST_OF_KIND

SPANS = {
    "M1": "5wd", "C1": "5wd", "C2": "5wd", "A1": "3wd", "D1": "5wd", "D2": "5wd", "N1": "5wd",
    "N2": "5wd", "E1": "5wd",
}  # fmt: skip
# Who explains: the town of the row, the bureau whose list it is, or the lead group's office.
OWNERS = {
    "M1": "town", "C1": "town", "C2": "town", "A1": "lead", "D1": "town", "D2": "bureau",
    "N1": "town", "N2": "town", "E1": "town",
}  # fmt: skip
# Where another has to agree, or (M1) has to mend its own list: its bureau, or the other town.
PARTNERS = {"M1": "bureau", "C2": "bureau", "N1": "education", "D1": "town"}
SECOND_REVIEW = ("C1", "C2")
SURVEY = "survey"


def post_of(organisation: Organisation) -> str:
    """Return the post that works on the survey at an organisation."""
    if organisation.code == LEAD:
        return LEAD_POST
    return POST_OF_KIND["town" if organisation.kind == "town" else organisation.code]


def circle_around(
    organisations: Iterable[Organisation], lead: Organisation, *, by: Actor, at: datetime
) -> Circle:
    """Return the circle of the seats that answer for something together, with the lead office.

    It is made once for the same organisations, whatever the round.
    """
    members = {one.pk: one for one in (*organisations, lead)}
    about = "care.survey/" + ".".join(str(pk) for pk in sorted(members))
    if len(about) > 60:
        about = "care.survey/all"
    found = Circle.objects.filter(about=about).first()
    circle = found or change_row(Circle(), {"about": about}, by=by, at=at)
    held = set(circle.members.filter(role=SURVEY, to_date=None).values_list("organisation", "post"))
    for one in members.values():
        if (one.pk, post_of(one)) not in held:
            add_seat(circle, SURVEY, one, post_of(one), by=by, at=at)
    return circle
