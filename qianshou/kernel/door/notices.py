"""Telling posts what they should know: of a matter, or of no single one."""

from datetime import datetime

from qianshou.kernel.door.turn import instant
from qianshou.kernel.pack import Change
from qianshou.kernel.worklist import change


def tell(seen: Change, kind: str, posts: str, zh: str, en: str) -> None:
    """Put a notice before the holders of `posts` at the organisation that keeps the matter."""
    at = instant(seen.at)
    told = [seen.matter, kind, seen.organisation, posts, None, zh[:300], en[:300], at]
    change.run([(change.INSERT_NOTICE, told)])


def tell_seat(seen: Change, kind: str, seat: tuple[int, str], zh: str, en: str) -> None:
    """Put a notice of the matter before the holders of a seat, (organisation, post)."""
    organisation, post = seat
    told = [seen.matter, kind, organisation, post, None, zh[:300], en[:300], instant(seen.at)]
    change.run([(change.INSERT_NOTICE, told)])


def tell_member(seen: Change, kind: str, officer: int, zh: str, en: str) -> None:
    """Put a notice of the matter before one officer, who sees the matter."""
    told = [seen.matter, kind, seen.organisation, "", officer, zh[:300], en[:300], instant(seen.at)]
    change.run([(change.INSERT_NOTICE, told)])


def tell_post(organisation: int, posts: str, kind: str, zh: str, en: str, *, at: datetime) -> None:
    """Put a notice about no single matter before the holders of `posts` at an organisation.

    It reaches them whatever circles they are in: it must name nobody.
    """
    told = [None, kind, organisation, posts, None, zh[:300], en[:300], instant(at)]
    change.run([(change.INSERT_NOTICE, told)])


def tell_officer(
    officer: int, organisation: int, kind: str, zh: str, en: str, *, at: datetime
) -> None:
    """Put a notice about no single matter before one officer; `organisation` is whose notice it
    is.
    """
    told = [None, kind, organisation, "", officer, zh[:300], en[:300], instant(at)]
    change.run([(change.INSERT_NOTICE, told)])
