"""Brings declared campaigns into the tables; what a district has changed stays."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from qianshou.kernel.access import Actor
from qianshou.kernel.campaigns.declaration import DeclaredCampaign
from qianshou.kernel.campaigns.models import BudgetLine, Campaign, Measure
from qianshou.kernel.clock import CHINA
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.registry.models import Organisation


def install_campaigns(
    declared: Iterable[DeclaredCampaign], *, by: Actor, at: datetime
) -> list[Campaign]:
    """Install campaigns with their measures and budget lines, and return them.

    Doing it again adds what is new in the declaration, and gives a measure without an owner the
    declared one once that organisation exists; nothing else of a row that is there is touched.
    """
    return [_install(one, by, at) for one in declared]


def _install(declared: DeclaredCampaign, by: Actor, at: datetime) -> Campaign:
    campaign = Campaign.objects.filter(code=declared.code).first()
    if campaign is None:
        values = {
            "code": declared.code,
            "pack": declared.pack,
            "name": declared.name.zh,
            "name_en": declared.name.en,
            "groups": [{"id": key, "zh": name.zh, "en": name.en} for key, name in declared.groups],
            "began_date": at.astimezone(CHINA).date(),
        }
        campaign = change_row(Campaign(), values, by=by, at=at)
    _install_measures(campaign, declared, by, at)
    kept = set(campaign.lines.values_list("code", flat=True))
    for line in declared.budget:
        if line.id not in kept:
            values = {
                "campaign": campaign,
                "code": line.id,
                "name": line.name.zh,
                "name_en": line.name.en,
                "amount": line.fen,
            }
            change_row(BudgetLine(), values, by=by, at=at)
    return campaign


def _install_measures(
    campaign: Campaign, declared: DeclaredCampaign, by: Actor, at: datetime
) -> None:
    codes = {one.owner for one in declared.measures}
    owners = {one.code: one for one in Organisation.objects.filter(code__in=codes)}
    kept = {one.number: one for one in campaign.measures.all()}
    for one in declared.measures:
        owner = owners.get(one.owner)
        measure = kept.get(one.no)
        if measure is None:
            values = {
                "campaign": campaign,
                "number": one.no,
                "group": one.group,
                "name": one.name.zh,
                "name_en": one.name.en,
                "source": one.source,
                "organisation": owner,
                "due_date": campaign.began_date + timedelta(days=one.due_days),
            }
            change_row(Measure(), values, by=by, at=at)
        elif measure.organisation_id is None and owner is not None:
            change_row(measure, {"organisation": owner}, by=by, at=at)
