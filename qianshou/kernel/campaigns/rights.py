"""Who may do what with a campaign: seats with the act "campaign" of its pack, and owners.

Everybody with an officer's account may read campaigns; there is no person's record in them.
"""

from qianshou.kernel.access import Actor
from qianshou.kernel.campaigns.models import Campaign, Measure


def may_read(by: Actor) -> bool:
    """Whether `by` may read campaigns: officers may, administrators have no part in them."""
    return by.kind == "officer" and by.role == "officer"


def may_manage(by: Actor, campaign: Campaign) -> bool:
    """Whether a seat of `by` manages the campaign: its measures, its money."""
    return any(seat.pack == campaign.pack and "campaign" in seat.acts for seat in by.seats)


def may_report(by: Actor, measure: Measure) -> bool:
    """Whether `by` may tell of a measure: at the organisation that owns it, or managing all."""
    return measure.organisation_id in by.organisations or may_manage(by, measure.campaign)


def may_verify(by: Actor, measure: Measure) -> bool:
    """Whether `by` may say that a measure is really done: managing it, and not having said so."""
    return (
        measure.state == "done"
        and by.officer != measure.done_by_id
        and may_manage(by, measure.campaign)
    )
