"""Signals: what one matter throws reaches every matter that waits for it, and every such start.

A signal carries its name and nothing else: its receivers may lie in other circles. Each receiver
is a parcel of its own, so that one that fails is tried again alone.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from qianshou.kernel.access import CLOCK
from qianshou.kernel.door.acts import Deliver, Open
from qianshou.kernel.door.notices import tell_post
from qianshou.kernel.door.opening import open_matters
from qianshou.kernel.door.steps import deliver_message
from qianshou.kernel.outbox import carrier, send
from qianshou.kernel.pack import Pack, StartDeclaration, find_start, pack_of, packs
from qianshou.kernel.procedures.models import Version
from qianshou.kernel.procedures.versions import compiled
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.models import Organisation
from qianshou.kernel.worklist.models import Subscription


@carrier("signal")
def spread_signal(facts: Mapping[str, Any], at: datetime) -> None:
    """Send a signal on to each matter that waits for it and to each start that it sets off."""
    name, key = facts["signal"], facts["key"]
    waiting = Subscription.objects.filter(message=name).values_list("matter", flat=True)
    for matter in waiting.order_by("matter").distinct():
        told = {"matter": matter, "signal": name}
        send("signal_heard", told, key=f"{key}/matter/{matter}", at=at)
    for pack, start in starts_of(name):
        told = {"procedure": start.procedure, "start": start.id, "from": facts["organisation"]}
        send("signal_started", told, key=f"{key}/start/{pack.id}/{start.id}", at=at)


def starts_of(name: str) -> Iterator[tuple[Pack, StartDeclaration]]:
    """Yield the declared ways in whose start event waits for a signal."""
    versions = Version.objects.filter(is_current=True).values_list("procedure", "digest")
    digests = dict(versions)
    for pack in packs():
        for start in pack.starts.values():
            if start.procedure in digests:
                node = compiled(digests[start.procedure]).nodes.get(start.start)
                if node is not None and node.kind == "start" and node.message == name:
                    yield pack, start


@carrier("signal_heard")
def hear_signal(facts: Mapping[str, Any], at: datetime) -> None:
    """Deliver a signal to a matter; one that has gone on meanwhile no longer hears it."""
    try:
        deliver_message(Deliver(facts["matter"], facts["signal"]), by=CLOCK, at=at)
    except Refusal as refusal:
        if refusal.code != "door.no_subscription":
            raise


@carrier("signal_started")
def start_by_signal(facts: Mapping[str, Any], at: datetime) -> None:
    """Open a matter that a signal sets off, kept by the organisation of the matter that threw it.

    Nobody is there to mend what is refused, so those who supervise are told there, or all posts
    of the pack where none does; they can open it by hand.
    """
    organisation = Organisation.objects.get(pk=facts["from"])
    opening = Open(
        facts["procedure"], {}, facts["start"], organisation=organisation.code, via="signal"
    )
    try:
        with transaction.atomic():
            open_matters([opening], by=CLOCK, at=at)
    except (Refusal, Refusals) as refused:
        _tell_refused(facts, refused, at)


def _tell_refused(facts: Mapping[str, Any], refused: Refusal | Refusals, at: datetime) -> None:
    pack, start = find_start(pack_of(facts["procedure"]).id, facts["start"])
    reasons = refused.refusals if isinstance(refused, Refusals) else [refused]
    zh = f"信号没能开启“{start.name.zh}”，请人工登记：{'；'.join(one.zh for one in reasons)}"
    en = f"A signal could not open “{start.name.en}”; please do it by hand: "
    en += "; ".join(one.en for one in reasons)
    posts = [post.code for post in pack.posts.values() if "supervise" in post.acts]
    for post in posts or pack.posts:
        tell_post(facts["from"], post, "signal", zh, en, at=at)
