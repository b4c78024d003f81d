"""Telling a post of a matter's own organisation what an effect found."""

from qianshou.kernel.door.turn import instant
from qianshou.kernel.pack import Change
from qianshou.kernel.worklist import change


def tell(seen: Change, kind: str, posts: str, zh: str, en: str) -> None:
    """Put a notice before the holders of `posts` at the organisation that keeps the matter."""
    at = instant(seen.at)
    told = [seen.matter, kind, seen.organisation, posts, None, zh[:300], en[:300], at]
    change.run([(change.INSERT_NOTICE, told)])
