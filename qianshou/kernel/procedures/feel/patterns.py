"""XPath's regular expressions (XQuery and XPath Functions 3.1, 5.6; XML Schema 1.1-2, appendix G)
for Python's `regex`: checked against their own grammar, then written anew, sign by sign.
"""

from functools import lru_cache
from typing import NamedTuple

import regex

SECONDS = 0.5
LONGEST, DEEPEST, MOST_TIMES = 2_000, 40, 10_000
CATEGORIES = {
    "L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "P", "Pc",
    "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Z", "Zs", "Zl", "Zp", "S", "Sm", "Sc", "Sk", "So", "C",
    "Cc", "Cf", "Co", "Cn",
}  # fmt: skip
INITIAL = (
    r":A-Z_a-z\xC0-\xD6\xD8-\xF6\xF8-\u02FF\u0370-\u037D\u037F-\u1FFF\u200C\u200D\u2070-\u218F"
    r"\u2C00-\u2FEF\u3001-\uD7FF\uF900-\uFDCF\uFDF0-\uFFFD\U00010000-\U000EFFFF"
)
LATER = INITIAL + r"\-.0-9\xB7\u0300-\u036F\u203F-\u2040"
CLASSES = {
    "d": r"\p{Nd}", "D": r"\P{Nd}", "s": r"[ \t\n\r]", "S": r"[^ \t\n\r]",
    "w": r"[^\p{P}\p{Z}\p{C}]", "W": r"[\p{P}\p{Z}\p{C}]",
    "i": f"[{INITIAL}]", "I": f"[^{INITIAL}]", "c": f"[{LATER}]", "C": f"[^{LATER}]",
}  # fmt: skip
SINGLE = {"n": "\n", "r": "\r", "t": "\t"}
ESCAPED = frozenset("\\|.?*+(){}-[]^$")
BLOCKS = {
    "Greek": "GreekandCoptic", "CombiningMarksforSymbols": "CombiningDiacriticalMarksforSymbols",
    "PrivateUse": "PrivateUseArea",
}  # fmt: skip


class Wrong(ValueError):
    """A text is no regular expression of XPath."""


class Compiled(NamedTuple):
    """A pattern and how many groups it has."""

    pattern: "regex.Pattern[str]"
    groups: int


@lru_cache(maxsize=256)
def compile_pattern(text: str, flags: str) -> Compiled | None:
    """Return a compiled pattern; None where pattern or flags are not XPath's."""
    if len(text) > LONGEST or set(flags) - set("smixq"):
        return None
    chosen = regex.V1 | regex.UNICODE
    if "i" in flags:
        chosen |= regex.IGNORECASE
    try:
        writer = Writer(text, flags)
        written = write_literally(text) if "q" in flags else writer.whole()
        return Compiled(regex.compile(written, chosen), writer.groups)
    except (Wrong, regex.error, RecursionError, OverflowError):
        return None


def write_literally(text: str) -> str:
    """Return a pattern that matches the text itself."""
    return "".join(f"\\U{ord(sign):08x}" for sign in text)


class Writer:
    """Reads a pattern by XPath's grammar and writes Python's."""

    def __init__(self, text: str, flags: str) -> None:
        self.text, self.flags = text, flags
        self.at = self.groups = self.depth = 0
        self.closed: set[int] = set()

    def whole(self) -> str:
        """Return the whole pattern; raises Wrong."""
        written = self._branches()
        if self.at < len(self.text):
            raise Wrong
        return written

    def _peek(self) -> str:
        if "x" in self.flags:
            while self.text[self.at : self.at + 1] in (" ", "\t", "\n", "\r"):
                self.at += 1
        return self.text[self.at : self.at + 1]

    def _next(self) -> str:
        sign = self.text[self.at : self.at + 1]
        if not sign:
            raise Wrong
        self.at += 1
        return sign

    def _branches(self) -> str:
        self.depth += 1
        if self.depth > DEEPEST:
            raise Wrong
        written = ""
        while (sign := self._peek()) and sign != ")":
            if sign == "|":
                self.at += 1
                written += "|"
            else:
                written += self._atom() + self._quantifier()
        self.depth -= 1
        return written

    def _atom(self) -> str:
        sign = self._next()
        if sign == "(":
            return self._group()
        if sign == "[":
            return self._class()
        if sign == ".":
            return r"[\s\S]" if "s" in self.flags else r"[^\n\r]"
        if sign == "^":
            return r"(?:\A|(?<=\n)(?!\Z))" if "m" in self.flags else r"\A"
        if sign == "$":
            return r"(?:\Z|(?=\n))" if "m" in self.flags else r"\Z"
        if sign == "\\":
            return self._escape()
        if sign in "?*+{}]":
            raise Wrong
        return write_literally(sign)

    def _group(self) -> str:
        if self.text.startswith("?:", self.at):
            self.at += 2
            number, opened = 0, "(?:"
        elif self._peek() == "?":
            raise Wrong
        else:
            self.groups += 1
            number, opened = self.groups, "("
        inner = self._branches()
        if self._next() != ")":
            raise Wrong
        self.closed.add(number)
        return f"{opened}{inner})"

    def _escape(self) -> str:
        sign = self._next()
        if sign.isascii() and sign.isdigit():
            number = int(sign)
            while (more := self.text[self.at : self.at + 1]).isascii() and more.isdigit():
                if number * 10 + int(more) > self.groups:
                    break
                number = number * 10 + int(more)
                self.at += 1
            if number == 0 or number not in self.closed:
                raise Wrong
            return f"(?:\\{number})"
        return self._class_escape(sign) or write_literally(self._single(sign))

    def _class_escape(self, sign: str) -> str:
        if sign in CLASSES:
            return CLASSES[sign]
        if sign not in "pP":
            return ""
        name, closed, _ = self.text[self.at :].partition("}")
        if not closed or not name.startswith("{"):
            raise Wrong
        self.at += len(name) + 1
        name = name[1:]
        if name in CATEGORIES:
            return rf"\{sign}{{{name}}}"
        if not name.startswith("Is"):
            raise Wrong
        block = BLOCKS.get(name[2:], name[2:])
        return rf"\{sign}{{Block={block}}}"

    def _single(self, sign: str) -> str:
        if sign in SINGLE:
            return SINGLE[sign]
        if sign in ESCAPED:
            return sign
        raise Wrong

    def _quantifier(self) -> str:
        sign = self._peek()
        if sign not in ("?", "*", "+", "{"):
            return ""
        self.at += 1
        written = sign
        if sign == "{":
            told = self.text[self.at :].partition("}")[0]
            self.at += len(told) + 1
            low, comma, high = told.partition(",")
            for count in (low, high):
                if count and not (
                    count.isascii() and count.isdigit() and int(count[:9]) <= MOST_TIMES
                ):
                    raise Wrong
            if not low or self.at > len(self.text) or (high and int(high) < int(low)):
                raise Wrong
            written = f"{{{low}{comma}{high}}}"
        if self._peek() == "?":
            self.at += 1
            written += "?"
        return written

    def _class(self) -> str:
        self.depth += 1
        if self.depth > DEEPEST:
            raise Wrong
        negated = self.text.startswith("^", self.at)
        self.at += negated
        written: list[str] = []
        without = ""
        while True:
            sign = self._next()
            if sign == "]" and written:
                break
            if sign == "-" and written and self.text.startswith("[", self.at):
                self.at += 1
                without = self._class()
                if self._next() != "]":
                    raise Wrong
                break
            written.append(self._class_part(sign, first=not written))
        self.depth -= 1
        made = f"[{'^' if negated else ''}{''.join(written)}]"
        return f"[{made}--{without}]" if without else made

    def _class_part(self, sign: str, *, first: bool) -> str:
        if sign in "[]":
            raise Wrong
        if sign == "\\":
            sign = self._next()
            found = self._class_escape(sign)
            if found:
                return found
            sign = self._single(sign)
        elif sign == "-" and not first and not self.text.startswith("]", self.at):
            raise Wrong
        rest = self.text[self.at : self.at + 2]
        if not rest.startswith("-") or rest in ("-]", "-[") or (sign == "-" and first):
            return write_literally(sign)
        self.at += 1
        last = self._next()
        if last == "\\":
            last = self._single(self._next())
        elif last in "[]":
            raise Wrong
        if ord(last) < ord(sign):
            raise Wrong
        return f"{write_literally(sign)}-{write_literally(last)}"
