"""FEEL text to tokens (DMN 1.3, 10.3.1.2, rules 21 to 40), one at a time.

A name may hold spaces, signs and keywords where it is known; known names are found longest
first, as 10.3.1.5 asks.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from qianshou.kernel.refusal import Refusal

LONGEST = 20_000
START = (
    r"?A-Z_a-z\xC0-\xD6\xD8-\xF6\xF8-\u02FF\u0370-\u037D\u037F-\u1FFF\u200C\u200D\u2070-\u218F"
    r"\u2C00-\u2FEF\u3001-\uD7FF\uF900-\uFDCF\uFDF0-\uFEFE\uFF00-\uFFFD\U00010000-\U000EFFFF"
)
PART = START + r"0-9\xB7\u0300-\u036F\u203F-\u2040"
SPACE = r"\t-\r \x85\xA0\u1680\u180E\u2000-\u200B\u2028\u2029\u202F\u205F\u3000\uFEFF"
# U+3000 and U+1680, U+180E are spaces though they lie within the ranges of names.
NAME = rf"(?![{SPACE}])[{START}](?:(?![{SPACE}])[{PART}])*"
SIGNS = r".\-/'*+"
TOKEN = re.compile(
    rf"(?P<space>(?:[{SPACE}]|//[^\n]*|/\*.*?\*/)+)"
    r"|(?P<number>(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r'|(?P<string>"(?:[^"\\]|\\.)*")'
    r'|(?P<at>@"(?:[^"\\]|\\.)*")'
    rf"|(?P<name>{NAME})"
    r"|(?P<op>\*\*|\.\.|<=|>=|!=|->|[-+*/=<>()\[\]{},.:;])",
    re.DOTALL,
)
LOOSE = rf"(?:[{PART}{SPACE}{SIGNS}]){{0,300}}?"
NEW_NAMES = {
    stop: re.compile(rf"{NAME}{LOOSE}(?=[{SPACE}]{{0,50}}{pattern})", re.DOTALL)
    for stop, pattern in {":": ":", "in": rf"(?<=[{SPACE}])in(?![{PART}])", ",": "[,:)]"}.items()
}
KEYWORDS = {
    "and", "or", "if", "then", "else", "for", "in", "return", "some", "every", "satisfies",
    "between", "instance", "of", "function", "true", "false", "null", "external",
}  # fmt: skip
PIECE = re.compile(rf"[{SIGNS}]|[^{SIGNS}{SPACE}]+")


class Token(NamedTuple):
    """A word of FEEL with its place in the text and the place behind it."""

    kind: str
    text: str
    place: int
    end: int


def refuse(text: str, place: int, zh: str, en: str) -> Refusal:
    """Return the refusal of `text` at a place (counted from 1)."""
    shown = text if len(text) <= 60 else text[:57] + "…"
    return Refusal(
        "feel.syntax",
        f"表达式“{shown}”第 {place + 1} 个字符处：{zh}",
        f"Expression “{shown}”, character {place + 1}: {en}",
    )


@lru_cache(maxsize=4096)
def _pattern(name: str) -> re.Pattern[str] | None:
    """Return the pattern of a name that is more than one word, however it is spaced; None for
    one word, and for what cannot begin a name.
    """
    pieces = PIECE.findall(name)
    if not re.match(NAME, name) or (len(pieces) < 2 and re.fullmatch(NAME, name)):
        return None
    text = ""
    for before, piece in zip(["", *pieces], pieces, strict=False):
        words = before and before not in ".-/'*+" and piece not in ".-/'*+"
        text += (rf"[{SPACE}]{'+' if words else '*'}" if before else "") + re.escape(piece)
    return re.compile(text + (rf"(?![{PART}])" if pieces and pieces[-1] not in ".-/'*+" else ""))


@lru_cache(maxsize=64)
def _index(names: frozenset[str]) -> dict[str, tuple[str, ...]]:
    """Return the names that are more than one word by their first sign, the longest first."""
    index: dict[str, tuple[str, ...]] = {}
    for name in sorted(names, key=lambda name: (-len(name), name)):
        if name and _pattern(name) is not None:
            index[name[0]] = (*index.get(name[0], ()), name)
    return index


class Scanner:
    """Gives the token at the next place of a text; `learn` makes names known.

    How often it may be asked is in proportion to the text, so that going back stays cheap.
    """

    def __init__(self, text: str, names: frozenset[str]) -> None:
        if len(text) > LONGEST:
            raise refuse(text, LONGEST, "表达式太长", "the expression is too long")
        self.text = text
        self.place = 0
        self.left = 200 + 30 * len(text)
        self.known = dict(_index(names))
        self._ahead: Token | None = None

    def learn(self, name: str) -> None:
        """Make a name known."""
        if name and _pattern(name) is not None:
            others = self.known.get(name[0], ())
            if name not in others:
                self.known[name[0]] = tuple(sorted((*others, name), key=len, reverse=True))
                self._ahead = None

    def go_to(self, place: int) -> None:
        """Go on reading at another place."""
        self.place = place
        self._ahead = None

    @property
    def peek(self) -> Token:
        """The next token."""
        if self._ahead is None:
            self._ahead = self._scan()
        return self._ahead

    def next(self) -> Token:
        """Take the next token."""
        token = self.peek
        self.place, self._ahead = token.end, None
        return token

    def new_name(self, stop: str) -> str:
        """Take a name that is being made, up to its stop, and make it known; "" if there is none.

        It is written as it stands there, with single spaces.
        """
        self._skip()
        match = NEW_NAMES[stop].match(self.text, self.place)
        if match is None:
            return ""
        name = " ".join(re.split(rf"[{SPACE}]+", match.group().strip()))
        self.go_to(match.end())
        self.learn(name)
        return name

    def _skip(self) -> None:
        match = TOKEN.match(self.text, self.place)
        if match is not None and match.lastgroup == "space":
            self.place = match.end()

    def _scan(self) -> Token:
        self.left -= 1
        if self.left < 0:
            raise refuse(self.text, self.place, "表达式太复杂", "the expression is too complex")
        self._skip()
        place = self.place
        if place >= len(self.text):
            return Token("end", "", place, place)
        for name in self.known.get(self.text[place], ()):
            pattern = _pattern(name)
            found = pattern.match(self.text, place) if pattern else None
            if found:
                return Token("name", name, place, found.end())
        match = TOKEN.match(self.text, place)
        if match is None:
            wrong = self.text[place]
            raise refuse(self.text, place, f"不认识“{wrong}”", f"unexpected “{wrong}”")
        kind, word = str(match.lastgroup), match.group()
        if kind == "name" and word in KEYWORDS:
            kind = "word"
        return Token(kind, word, place, match.end())


ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "'": "'", "\\": "\\"}


def unescape(literal: str) -> str:
    """Return the text of a string literal with its quotes; a backslash that begins no escape of
    rule 34 stands for itself.
    """

    def one(match: re.Match[str]) -> str:
        word = match.group(1)
        if word[0] in "uU" and len(word) > 1:
            code = int(word[1:], 16)
            return chr(code) if code < 0x110000 else match.group()
        return ESCAPES.get(word, match.group())

    text = re.sub(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{6}|.)", one, literal[1:-1], flags=re.DOTALL)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
