"""A campaign that has been under way for a while: played through its real functions."""

from datetime import date, datetime, time, timedelta
from io import BytesIO
from random import Random

from django.db.models import Q
from PIL import Image, ImageDraw

from qianshou.kernel.access import Actor, actor_of
from qianshou.kernel.campaigns.changing import (
    attach_evidence,
    declare_done,
    report_progress,
    verify_measure,
)
from qianshou.kernel.campaigns.funds import Spending, spend, yuan_text
from qianshou.kernel.campaigns.models import Campaign, Measure
from qianshou.kernel.clock import CHINA
from qianshou.kernel.documents.store import keep_file
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.installing import INSTALLER
from qianshou.kernel.registry.models import Officer, Post

REPORTS = (
    "召开部署会，明确分工与时间表",
    "完成第一批工作，问题清单已反馈镇街",
    "督促未完成的镇街补齐，形成阶段小结",
    "逐项对照核对，材料已归档",
)
PURCHASES = ("第一批", "第二批", "第三批", "第四批", "补充")
LEFT_OPEN = 2
SPENT_SHARE = 0.94


def play_campaign(code: str, rng: Random, *, began: date, at: datetime) -> None:
    """Play the campaign `code` from `began` until `at`: its deadlines follow from `began`.

    Measures due by then are reported on, declared done by their owners and verified by a seat
    that manages the campaign, but the last two; money is spent on every line. Measures without
    an owner who has officers are left alone. A campaign that is not installed, or that nobody
    manages, is an error of the demonstration: Campaign.DoesNotExist, LookupError.
    """
    campaign = Campaign.objects.get(code=code)
    overseers = _overseers(campaign)
    if not overseers:
        raise LookupError(code)
    shift = began - campaign.began_date
    change_row(campaign, {"began_date": began}, by=INSTALLER, at=at)
    measures = list(campaign.measures.select_related("organisation").order_by("number"))
    for measure in measures:
        change_row(measure, {"due_date": measure.due_date + shift}, by=INSTALLER, at=at)
    kept = sorted(measures, key=lambda one: (one.due_date, one.number))[-LEFT_OPEN:]
    for measure in measures:
        _play_measure(campaign, measure, overseers, measure not in kept, rng, at)
    _play_funds(campaign, overseers[0], rng, at)


def _overseers(campaign: Campaign) -> list[Officer]:
    rows = Post.objects.filter(pack=campaign.pack).values_list("code", "acts")
    posts = [code for code, acts in rows if "campaign" in acts]
    found = Officer.objects.filter(is_active=True, postings__post__in=posts)
    return list(found.order_by("pk").distinct())


def _play_measure(
    campaign: Campaign,
    measure: Measure,
    overseers: list[Officer],
    is_done: bool,
    rng: Random,
    at: datetime,
) -> None:
    holders = Officer.objects.filter(
        Q(postings__to_date=None),
        is_active=True,
        postings__organisation=measure.organisation_id or 0,
    )
    holder = holders.order_by("pk").first()
    if holder is None:
        return
    first = campaign.began_date
    days = max((min(measure.due_date, at.astimezone(CHINA).date()) - first).days, 1)
    for place, text in enumerate(REPORTS[: 4 if is_done else 3]):
        told = _at(first + timedelta(days=days * (place + 1) // 5), rng, at)
        share = 25 * (place + 1) - (10 if place == 3 else 0)
        report_progress(measure, share=share, text=text, by=_actor(holder, told), at=told)
    told = _at(first + timedelta(days=days * 9 // 10), rng, at)
    stored = keep_file(_paper(f"{campaign.code} measure {measure.number}"), at=told)
    documents = [(stored.digest, f"措施{measure.number}工作小结.png")]
    attach_evidence(measure, documents, by=_actor(holder, told), at=told)
    if not is_done:
        return
    told += timedelta(hours=1)
    declare_done(measure, text="各项任务完成，佐证齐全，申请核验", by=_actor(holder, told), at=told)
    other = next((one for one in overseers if one.pk != holder.pk), None)
    if other is not None:
        told = min(told + timedelta(days=2), at)
        verify_measure(measure, text="已抽查佐证，属实", by=_actor(other, told), at=told)


def _play_funds(campaign: Campaign, overseer: Officer, rng: Random, at: datetime) -> None:
    days = max((at.astimezone(CHINA).date() - campaign.began_date).days, 1)
    left = {line.pk: round(line.amount * SPENT_SHARE) // 100 * 100 for line in campaign.lines.all()}
    for place, purchase in enumerate(PURCHASES):
        day = campaign.began_date + timedelta(days=days * (place + 1) // 6)
        for line in campaign.lines.order_by("pk"):
            part = 1.0 if place == len(PURCHASES) - 1 else rng.uniform(0.15, 0.4)
            amount = round(left[line.pk] * part) // 100 * 100
            left[line.pk] -= amount
            told = _at(day, rng, at)
            text = f"{line.name}（{purchase}）"
            paper = _paper(f"{campaign.code} voucher {line.code} {place + 1}: {yuan_text(amount)}")
            stored = keep_file(paper, at=told)
            what = Spending(
                amount, told.astimezone(CHINA).date(), text, stored.digest, f"凭证-{text}.png"
            )
            spend(line, what, by=_actor(overseer, told), at=told)


def _actor(officer: Officer, at: datetime) -> Actor:
    return actor_of(officer, at)


def _at(day: date, rng: Random, at: datetime) -> datetime:
    told = datetime.combine(day, time(9 + rng.randrange(8), rng.randrange(60)), CHINA)
    return min(told, at)


def _paper(text: str) -> BytesIO:
    """Return a picture that says what it stands for and that it is synthetic; its bytes are the
    same each time.
    """
    paper = Image.new("L", (640, 200), 250)
    drawing = ImageDraw.Draw(paper)
    for place, line in enumerate(("SYNTHETIC", text)):
        drawing.text((30, 40 + 60 * place), line, fill=20)
    stream = BytesIO()
    paper.save(stream, "PNG")
    stream.seek(0)
    return stream
