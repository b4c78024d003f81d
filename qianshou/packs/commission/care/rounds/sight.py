"""Who sees what of a survey: the lead group all, a town its own, a bureau its list and its share."""

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from qianshou.kernel.access import Actor, require
from qianshou.kernel.pack import sight
from qianshou.kernel.registry.models import Organisation
from qianshou.packs.commission.care.models import Mismatch

LEAD_POST, LEAD = "lead_office", "commission"
TOWN_POST = "town_team"
BUREAUS = {"education": "education", "civil_affairs": "civil"}
POST_OF_KIND = {"town": TOWN_POST, "education": "education", "civil": "civil_affairs"}


@dataclass(frozen=True)
class Sight:
    """What an officer sees of the survey, by the seats they hold."""

    is_lead: bool
    lists: tuple[tuple[str, int], ...]

    @property
    def has_part(self) -> bool:
        """Whether the officer has a part in the survey at all."""
        return self.is_lead or bool(self.lists)

    @property
    def organisations(self) -> frozenset[int]:
        """The organisations for whose lists and mismatches the officer answers."""
        return frozenset(organisation for _kind, organisation in self.lists)

    def may_hand_in(self, kind: str, organisation: int) -> bool:
        """Whether the officer hands in this list."""
        return (kind, organisation) in self.lists


def sight_of(by: Actor) -> Sight:
    """Return what an officer sees; Refusal access.denied for whoever has no part in the survey."""
    found = _find_sight(by)
    require(found.has_part)
    return found


def may_look(by: Actor) -> bool:
    """Whether `by` has a part in the survey, and may look at its boards."""
    return _find_sight(by).has_part


def _find_sight(by: Actor) -> Sight:
    lists = []
    for seat in by.seats:
        if seat.post == TOWN_POST:
            lists.append(("town", seat.organisation))
        elif BUREAUS.get(seat.post) == seat.organisation_code:
            lists.append((seat.organisation_code, seat.organisation))
    is_lead = any(seat.post == LEAD_POST for seat in by.seats)
    return Sight(is_lead, tuple(dict.fromkeys(lists)))


def require_lead(by: Actor) -> None:
    """Refuse access.denied to whoever does not sit at the lead group's office."""
    require(any(seat.post == LEAD_POST for seat in by.seats))


def seen_mismatches(sight: Sight) -> QuerySet[Mismatch]:
    """Return the mismatches that are shown to an officer: all, or those addressed to them.

    A pair whose fields differ is a bureau's only once the error is said to be in its list.
    """
    return Mismatch.objects.filter(_shown(sight))


@sight("care.mismatches")
def mismatches_counted(by: Actor) -> Q:
    """Return the filter over the mismatches that a figure opens to `by`: those shown to them."""
    return _shown(_find_sight(by))


def _shown(sight: Sight) -> Q:
    if sight.is_lead:
        return Q(pk__isnull=False)
    own = sight.organisations
    return (
        Q(organisation__in=own)
        | Q(partner__in=own) & ~Q(code="M1", decision__in=("", "other"))
        | Q(roster__kind="town", roster__organisation__in=own)
    )


def lists_wanted() -> list[tuple[str, Organisation]]:
    """Return which lists a round needs: one of each town, education's, civil affairs'."""
    now = Organisation.objects.filter(valid_to=None).select_related("division")
    wanted = [("town", town) for town in now.filter(kind="town").order_by("pk")]
    bureaus = {one.code: one for one in now.filter(code__in=BUREAUS.values())}
    return [*wanted, *((code, bureaus[code]) for code in BUREAUS.values() if code in bureaus)]
