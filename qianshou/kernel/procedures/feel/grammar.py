"""FEEL text to a tree (OMG DMN 1.3, chapter 10.3.1.2): tokens, then recursive descent.

A node is a tuple: its kind, then its parts. Names may contain Chinese and, where the caller
knows them, spaces.
"""

import re
from collections.abc import Collection
from typing import Any, NamedTuple

from qianshou.kernel.refusal import Refusal

Node = tuple[Any, ...]
LONGEST, DEEPEST = 20_000, 60
TOKEN = re.compile(
    r"(?P<space>(?:\s|//[^\n]*|/\*.*?\*/)+)"
    r"|(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\.\d+)"
    r'|(?P<string>"(?:[^"\\]|\\.)*")'
    r'|(?P<at>@"(?:[^"\\]|\\.)*")'
    r"|(?P<name>[^\W\d][\w']*|\?)"
    r"|(?P<op>\*\*|\.\.|<=|>=|!=|->|[-+*/=<>()\[\]{},.:;])",
    re.DOTALL,
)
KEYWORDS = {
    "and", "or", "not", "if", "then", "else", "for", "in", "return", "some", "every",
    "satisfies", "between", "instance", "of", "function", "true", "false", "null", "external",
}  # fmt: skip
COMPARISONS = {"=", "!=", "<", "<=", ">", ">="}


class Token(NamedTuple):
    """A word of FEEL with its place in the text."""

    kind: str
    text: str
    place: int


def refuse(text: str, place: int, zh: str, en: str) -> Refusal:
    """Return the refusal of `text` at a place (counted from 1)."""
    shown = text if len(text) <= 60 else text[:57] + "…"
    return Refusal(
        "feel.syntax",
        f"表达式“{shown}”第 {place + 1} 个字符处：{zh}",
        f"Expression “{shown}”, character {place + 1}: {en}",
    )


def tokenize(text: str, spaced: Collection[str]) -> list[Token]:
    """Return the tokens of `text`; `spaced` are the known names that contain spaces."""
    if len(text) > LONGEST:
        raise refuse(text, LONGEST, "表达式太长", "the expression is too long")
    names = sorted(spaced, key=len, reverse=True)
    tokens: list[Token] = []
    place = 0
    while place < len(text):
        known = next((name for name in names if text.startswith(name, place)), None)
        if known and not re.match(r"\w", text[place + len(known) :][:1] or " "):
            tokens.append(Token("name", known, place))
            place += len(known)
            continue
        match = TOKEN.match(text, place)
        if match is None:
            raise refuse(text, place, f"不认识“{text[place]}”", f"unexpected “{text[place]}”")
        kind = str(match.lastgroup)
        word = match.group()
        if kind == "name" and word in KEYWORDS:
            kind = "word"
        if kind != "space":
            tokens.append(Token(kind, word, place))
        place = match.end()
    tokens.append(Token("end", "", len(text)))
    return tokens


class Parser:
    """Recursive descent over one text."""

    def __init__(self, text: str, spaced: Collection[str]) -> None:
        self.text = text
        self.tokens = tokenize(text, spaced)
        self.at = 0
        self.depth = 0

    def whole_expression(self) -> Node:
        """Return the tree of the whole text as an expression."""
        return self._all(self.expression())

    def whole_tests(self) -> Node:
        """Return the tree of the whole text as unary tests."""
        return self._all(self.unary_tests())

    def _all(self, node: Node) -> Node:
        if self.peek.kind != "end":
            raise self.unexpected()
        return node

    @property
    def peek(self) -> Token:
        """The next token."""
        return self.tokens[self.at]

    def unexpected(self) -> Refusal:
        """Return the refusal of the next token."""
        token = self.peek
        word = token.text or "结尾"
        return refuse(
            self.text, token.place, f"这里不该是“{word}”", f"unexpected “{token.text or 'end'}”"
        )

    def next(self) -> Token:
        """Take the next token."""
        token = self.tokens[self.at]
        self.at += 1
        return token

    def has(self, *words: str) -> bool:
        """Whether the next token is one of these words or signs."""
        return self.peek.kind in ("op", "word") and self.peek.text in words

    def take(self, *words: str) -> bool:
        """Take the next token if it is one of these."""
        if self.has(*words):
            self.at += 1
            return True
        return False

    def expect(self, word: str) -> None:
        """Take `word` or refuse."""
        if not self.take(word):
            raise self.unexpected()

    def name(self) -> str:
        """Take a name or refuse."""
        if self.peek.kind != "name":
            raise self.unexpected()
        return self.next().text

    def expression(self) -> Node:
        """expression = for | if | quantified | function | disjunction."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise refuse(self.text, self.peek.place, "嵌套太深", "nested too deeply")
        try:
            if self.take("for"):
                return self._for()
            if self.take("if"):
                condition = self.expression()
                self.expect("then")
                yes = self.expression()
                self.expect("else")
                return ("if", condition, yes, self.expression())
            if self.has("some", "every"):
                kind = self.next().text
                ranges = self._ranges()
                self.expect("satisfies")
                return (kind, ranges, self.expression())
            if self.take("function"):
                return self._function()
            return self._disjunction()
        finally:
            self.depth -= 1

    def _for(self) -> Node:
        ranges = self._ranges()
        self.expect("return")
        return ("for", ranges, self.expression())

    def _ranges(self) -> tuple[tuple[str, Node], ...]:
        ranges = []
        while True:
            name = self.name()
            self.expect("in")
            start = self.expression()
            if self.take(".."):
                start = ("steps", start, self.expression())
            ranges.append((name, start))
            if not self.take(","):
                return tuple(ranges)

    def _function(self) -> Node:
        self.expect("(")
        names = []
        while not self.take(")"):
            names.append(self.name())
            if self.take(":"):
                self._type()
            if not self.take(",") and not self.has(")"):
                raise self.unexpected()
        if self.has("external"):
            raise refuse(
                self.text, self.peek.place, "不能调用外部代码", "external code cannot be called"
            )
        return ("function", tuple(names), self.expression())

    def _type(self) -> Node:
        if self.take("function"):
            depth = 0
            while True:
                token = self.next()
                depth += (token.text in "<(") - (token.text in ">)") if token.text else 0
                if token.kind == "end" or (depth <= 0 and token.text == ">"):
                    break
            if self.take("->"):
                self._type()
            return ("function",)
        name = self.next().text
        if self.peek.kind == "name" and name in ("date", "days", "years"):
            while self.peek.kind in ("name", "word") and not self.has("then", "else", "return"):
                name += " " + self.next().text
        if self.take("<"):
            inner = self._type()
            if self.take(":"):
                inner = self._type()
            while self.take(","):
                self.name()
                self.expect(":")
                self._type()
            self.expect(">")
            return (name, inner)
        return (name,)

    def _disjunction(self) -> Node:
        node = self._conjunction()
        while self.take("or"):
            node = ("or", node, self._conjunction())
        return node

    def _conjunction(self) -> Node:
        node = self._comparison()
        while self.take("and"):
            node = ("and", node, self._comparison())
        return node

    def _comparison(self) -> Node:
        node = self._additive()
        while True:
            if self.peek.kind == "op" and self.peek.text in COMPARISONS:
                node = (self.next().text, node, self._additive())
            elif self.take("between"):
                low = self._additive()
                self.expect("and")
                node = ("between", node, low, self._additive())
            elif self.take("in"):
                node = ("in", node, self._in_tests())
            elif self.take("instance"):
                self.expect("of")
                node = ("instance", node, self._type())
            else:
                return node

    def _in_tests(self) -> Node:
        if self.has("("):
            kept = self.at
            self.at += 1
            try:
                tests = [self._test()]
                while self.take(","):
                    tests.append(self._test())
                if self.take(")") and not self.has(".", "["):
                    return ("tests", tuple(tests))
            except Refusal:
                pass
            self.at = kept
        return ("tests", (self._test(),))

    def unary_tests(self) -> Node:
        """unary tests = "-" | not(tests) | tests."""
        if self.take("-"):
            if self.peek.kind == "end":
                return ("any",)
            self.at -= 1
        if self.has("not") and self.tokens[self.at + 1].text == "(":
            kept = self.at
            self.at += 2
            try:
                tests = self._tests()
                self.expect(")")
                if self.peek.kind == "end":
                    return ("not", tests)
            except Refusal:
                pass
            self.at = kept
        return self._tests()

    def _tests(self) -> Node:
        tests = [self._test()]
        while self.take(","):
            tests.append(self._test())
        return ("tests", tuple(tests))

    def _test(self) -> Node:
        if self.peek.kind == "op" and self.peek.text in COMPARISONS:
            return ("compare", self.next().text, self._additive())
        return ("test", self.expression())

    def _additive(self) -> Node:
        node = self._multiplicative()
        while self.has("+", "-"):
            node = (self.next().text, node, self._multiplicative())
        return node

    def _multiplicative(self) -> Node:
        node = self._power()
        while self.has("*", "/"):
            node = (self.next().text, node, self._power())
        return node

    def _power(self) -> Node:
        node = self._unary()
        while self.take("**"):
            node = ("**", node, self._unary())
        return node

    def _unary(self) -> Node:
        signs = 0
        while self.take("-"):
            signs += 1
            if signs > DEEPEST:
                raise refuse(self.text, self.peek.place, "嵌套太深", "nested too deeply")
        node = self._postfix()
        return ("negate", node) if signs % 2 else node

    def _postfix(self) -> Node:
        node = self._primary()
        while True:
            if self.take("."):
                token = self.next()
                if token.kind not in ("name", "word"):
                    self.at -= 1
                    raise self.unexpected()
                node = ("path", node, token.text)
            elif self.has("["):
                self.at += 1
                inner = self.expression()
                self.expect("]")
                node = ("filter", node, inner)
            elif self.has("("):
                self.at += 1
                node = self._invocation(node)
            else:
                return node

    def _invocation(self, function: Node) -> Node:
        positional: list[Node] = []
        named: list[tuple[str, Node]] = []
        while not self.take(")"):
            named_one = self._argument_name()
            if named_one:
                named.append((named_one, self.expression()))
            else:
                positional.append(self.expression())
            if not self.take(",") and not self.has(")"):
                raise self.unexpected()
        if named and positional:
            raise self.unexpected()
        return ("call", function, tuple(positional), tuple(named))

    def _argument_name(self) -> str:
        ahead = self.at
        while self.tokens[ahead].kind in ("name", "word"):
            ahead += 1
        if ahead == self.at or self.tokens[ahead].text != ":":
            return ""
        name = " ".join(token.text for token in self.tokens[self.at : ahead])
        self.at = ahead + 1
        return name

    def _primary(self) -> Node:
        token = self.next()
        if token.kind == "number":
            return ("number", token.text)
        if token.kind in ("string", "at"):
            return (token.kind, token.text, token.place)
        if token.kind == "name":
            return ("name", token.text, token.place)
        if token.kind == "word" and token.text in ("true", "false", "null"):
            return ("constant", {"true": True, "false": False, "null": None}[token.text])
        if token.kind == "word" and token.text in ("not", "function"):
            return ("name", token.text, token.place)
        if token.text == "(":
            return self._parenthesis("(")
        if token.text == "[":
            return self._bracket()
        if token.text == "]":
            return self._range("]", self.expression())
        if token.text == "{":
            return self._context()
        self.at -= 1
        raise self.unexpected()

    def _parenthesis(self, opened: str) -> Node:
        if self.peek.kind == "op" and self.peek.text in COMPARISONS:
            node: Node = ("open_range", self.next().text, self._additive())
            self.expect(")")
            return node
        inner = self.expression()
        if self.has(".."):
            return self._range(opened, inner)
        self.expect(")")
        return inner

    def _bracket(self) -> Node:
        if self.take("]"):
            return ("list", ())
        first = self.expression()
        if self.has(".."):
            return self._range("[", first)
        rest = [first]
        while self.take(","):
            rest.append(self.expression())
        self.expect("]")
        return ("list", tuple(rest))

    def _range(self, opened: str, low: Node) -> Node:
        self.expect("..")
        high = self.expression()
        closed = self.next()
        if closed.text not in ("]", ")", "["):
            self.at -= 1
            raise self.unexpected()
        return ("range", opened == "[", low, high, closed.text == "]")

    def _context(self) -> Node:
        entries: list[tuple[str, Node]] = []
        while not self.take("}"):
            if self.peek.kind == "string":
                key = unescape(self.next().text)
            else:
                key = self._argument_name()
                if not key:
                    raise self.unexpected()
                entries.append((key, self.expression()))
                if not self.take(",") and not self.has("}"):
                    raise self.unexpected()
                continue
            self.expect(":")
            entries.append((key, self.expression()))
            if not self.take(",") and not self.has("}"):
                raise self.unexpected()
        return ("context", tuple(entries))


ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


def unescape(literal: str) -> str:
    """Return the text of a string literal with its quotes."""

    def one(match: re.Match[str]) -> str:
        word = match.group(1)
        if word[0] in "uU":
            return chr(int(word[1:], 16))
        return ESCAPES.get(word, word)

    return re.sub(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{6}|.)", one, literal[1:-1], flags=re.DOTALL)
