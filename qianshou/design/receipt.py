"""Receipt numbers: what a caller, or an unnamed reporter, keeps in order to follow a matter.

Some fifty random bits in letters that are not mistaken for each other; only a keyed digest is
stored. A number is drawn from the page's own mark, so that a form sent twice gives it again.
"""

import secrets

from django.utils.crypto import salted_hmac

from qianshou.kernel.registry.vault import lookup_digest

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
LENGTH = 10


def new_mark() -> str:
    """Return the mark of a page with an empty form."""
    return secrets.token_urlsafe(24)


def code_of(mark: str) -> str:
    """Return the receipt number that belongs to a page's mark; not to be guessed from outside."""
    drawn = int.from_bytes(
        salted_hmac("qianshou.portal.receipt", mark, algorithm="sha256").digest()
    )
    letters = []
    for _place in range(LENGTH):
        drawn, place = divmod(drawn, len(ALPHABET))
        letters.append(ALPHABET[place])
    return "".join(letters)


def plain(code: str) -> str:
    """Return a code as typed, without spaces and dashes, in capitals."""
    return "".join(letter for letter in code.upper() if letter in ALPHABET)[: LENGTH + 1]


def spoken(code: str) -> str:
    """Return a code in groups: K7QF-3M2P-9R."""
    return "-".join(code[place : place + 4] for place in range(0, len(code), 4))


def digest_of(code: str, kind: str = "receipt") -> str:
    """Return the keyed digest under which a code is stored; "" for what is no code.

    A code of one `kind` is found under no other.
    """
    kept = plain(code)
    return lookup_digest(f"{kind}/{kept}") if len(kept) == LENGTH else ""
