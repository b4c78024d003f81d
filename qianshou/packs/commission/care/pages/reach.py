"""Whom a page may show: a child of the reader's circles, whose registers the reader's posts read."""

from django.shortcuts import get_object_or_404

from qianshou.kernel.access import Actor, require
from qianshou.kernel.door.sealing import may_open
from qianshou.packs.commission.care.models import Child
from qianshou.packs.commission.care.models.child import GUARDIANSHIP, IDENTITY
from qianshou.packs.commission.care.register import my_children


def find_child(actor: Actor, code: str) -> Child:
    """Return a child of the actor's circles, or raise the 404 that one who is not there gets."""
    mine = my_children(actor).select_related("town", "village", "person")
    return get_object_or_404(mine, code=code)


def find_ward(actor: Actor, code: str) -> Child:
    """Return a child whose guardianship the actor deals with; access.denied for a class teacher."""
    child = find_child(actor, code)
    require(may_open(actor, child.person, [IDENTITY, GUARDIANSHIP]))
    return child
