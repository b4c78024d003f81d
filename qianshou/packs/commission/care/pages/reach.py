"""Whom a page may show: a child of the reader's circles, whose registers the reader's posts read."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect

from qianshou.kernel.access import Actor, require
from qianshou.kernel.door.sealing import may_open
from qianshou.packs.commission.care.models import Child
from qianshou.packs.commission.care.models.child import GUARDIANSHIP, IDENTITY
from qianshou.packs.commission.care.register import my_children, near_children


def find_child(actor: Actor, code: str) -> Child:
    """Return a child of the actor's circles, or raise the 404 that one who is not there gets."""
    mine = my_children(actor).select_related("town", "village", "person")
    return get_object_or_404(mine, code=code)


def find_ward(actor: Actor, code: str) -> Child:
    """Return a child whose guardianship the actor deals with; access.denied for a class teacher."""
    child = find_child(actor, code)
    require(may_open(actor, child.person, [IDENTITY, GUARDIANSHIP]))
    return child


def find_near(actor: Actor, code: str) -> tuple[Child, bool]:
    """Return a child in whose circle the actor is in whatever role, and whether she is a pupil only;
    every other code is answered with a 404.
    """
    near = near_children(actor).select_related("town", "village__parent", "circle")
    child = get_object_or_404(near, code=code.strip().upper())
    return child, not my_children(actor).filter(pk=child.pk).exists()


def after_opening(actor: Actor, child: Child, matter: int) -> HttpResponse:
    """Return the way on from a matter just opened: to it, or for a pupil's teacher back to her."""
    if my_children(actor).filter(pk=child.pk).exists():
        return redirect("matter", matter)
    return redirect("care-child", child.code)
