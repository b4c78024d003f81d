"""FEEL text to a tree (OMG DMN 1.3, chapter 10.3.1.2) by recursive descent.

A node is a tuple: its kind, then its parts.
"""

from contextlib import suppress
from typing import Any

from qianshou.kernel.procedures.feel.tokens import Scanner, Token, refuse, unescape
from qianshou.kernel.refusal import Refusal

Node = tuple[Any, ...]
DEEPEST, MOST_RETURNS = 60, 100
COMPARISONS = {"=", "!=", "<", "<=", ">", ">="}


class Parser:
    """Recursive descent over one text."""

    def __init__(self, text: str, names: frozenset[str]) -> None:
        self.text = text
        self.tokens = Scanner(text, names)
        self.depth = 0
        self.filters = True
        self.returns = MOST_RETURNS

    def whole_expression(self) -> Node:
        """Return the tree of the whole text as an expression."""
        return self._all(self.expression())

    def whole_tests(self) -> Node:
        """Return the tree of the whole text as unary tests."""
        return self._all(self.unary_tests())

    def whole_kind(self) -> Node:
        """Return the tree of the whole text as a type."""
        return self._all(self._kind())

    def _all(self, node: Node) -> Node:
        if self.peek.kind != "end":
            raise self.unexpected()
        return node

    @property
    def peek(self) -> Token:
        """The next token."""
        return self.tokens.peek

    def go_back(self, place: int, depth: int) -> None:
        """Read on from an earlier place; refuses where that happens too often."""
        self.returns -= 1
        if self.returns < 0:
            raise refuse(self.text, place, "表达式太复杂", "the expression is too complex")
        self.tokens.go_to(place)
        self.depth = depth

    def unexpected(self) -> Refusal:
        """Return the refusal of the next token."""
        token = self.peek
        word = token.text or "结尾"
        return refuse(
            self.text, token.place, f"这里不该是“{word}”", f"unexpected “{token.text or 'end'}”"
        )

    def next(self) -> Token:
        """Take the next token."""
        return self.tokens.next()

    def has(self, *words: str) -> bool:
        """Whether the next token is one of these words or signs."""
        return self.peek.kind in ("op", "word") and self.peek.text in words

    def take(self, *words: str) -> bool:
        """Take the next token if it is one of these."""
        if self.has(*words):
            self.next()
            return True
        return False

    def expect(self, word: str) -> None:
        """Take `word` or refuse."""
        if not self.take(word):
            raise self.unexpected()

    def new_name(self, stop: str) -> str:
        """Take a name that is being made, up to its stop, or refuse."""
        name = self.tokens.new_name(stop)
        if not name:
            raise self.unexpected()
        return name

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
            name = self.new_name("in")
            self.expect("in")
            start = self.expression()
            if self.take(".."):
                start = ("steps", start, self.expression())
            ranges.append((name, start))
            if not self.take(","):
                return tuple(ranges)

    def _function(self) -> Node:
        self.expect("(")
        parameters: list[tuple[str, Node | None]] = []
        while not self.take(")"):
            name = self.new_name(",")
            parameters.append((name, self._kind() if self.take(":") else None))
            if not self.take(",") and not self.has(")"):
                raise self.unexpected()
        outside = self.take("external")
        return ("function", tuple(parameters), self.expression(), outside)

    def _kind(self) -> Node:
        """kind = name {"." name} | list<kind> | range<kind> | context<...> | function<...>->kind."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise refuse(self.text, self.peek.place, "嵌套太深", "nested too deeply")
        token = self.next()
        if token.kind != "name" and token.text not in ("function", "null"):
            self.tokens.go_to(token.place)
            raise self.unexpected()
        name = token.text
        while self.take("."):
            name += f".{self.next().text}"
        node: Node = (name,)
        if name in ("list", "range") and self.take("<"):
            node = (name, self._kind())
            self.expect(">")
        elif name == "context" and self.take("<"):
            entries: list[tuple[str, Node]] = []
            while not entries or self.take(","):
                entry = self.new_name(":")
                self.expect(":")
                entries.append((entry, self._kind()))
            self.expect(">")
            node = (name, tuple(entries))
        elif name == "function" and self.take("<"):
            parameters: list[Node] = []
            while not self.take(">"):
                parameters.append(self._kind())
                if not self.take(",") and not self.has(">"):
                    raise self.unexpected()
            self.expect("->")
            node = (name, tuple(parameters), self._kind())
        self.depth -= 1
        return node

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
                node = ("instance", node, self._kind())
            else:
                return node

    def _in_tests(self) -> Node:
        if self.has("("):
            kept, depth = self.tokens.place, self.depth
            self.next()
            with suppress(Refusal):
                tests = [self._test()]
                while self.take(","):
                    tests.append(self._test())
                if self.take(")") and not self.has(".", "["):
                    return ("tests", tuple(tests))
            self.go_back(kept, depth)
        if self.peek.text in COMPARISONS and self.peek.kind == "op":
            return ("tests", (self._test(),))
        return ("tests", (("test", self._additive()),))

    def unary_tests(self) -> Node:
        """unary tests = "-" | not(tests) | tests."""
        start, depth = self.tokens.place, self.depth
        if self.take("-"):
            if self.peek.kind == "end":
                return ("any",)
            self.go_back(start, depth)
        if self.peek.text == "not":
            self.next()
            if self.take("("):
                with suppress(Refusal):
                    tests = self._tests()
                    self.expect(")")
                    if self.peek.kind == "end":
                        return ("not", tests)
            self.go_back(start, depth)
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
                    self.tokens.go_to(token.place)
                    raise self.unexpected()
                node = ("path", node, token.text)
            elif self.filters and self.take("["):
                inner = self.expression()
                self.expect("]")
                node = ("filter", node, inner)
            elif self.take("("):
                node = self._invocation(node)
            else:
                return node

    def _invocation(self, function: Node) -> Node:
        positional: list[Node] = []
        named: list[tuple[str, Node]] = []
        while not self.take(")"):
            name = self.tokens.new_name(":")
            if name:
                self.expect(":")
                named.append((name, self.expression()))
            else:
                positional.append(self.expression())
            if not self.take(",") and not self.has(")"):
                raise self.unexpected()
        if named and positional:
            raise self.unexpected()
        return ("call", function, tuple(positional), tuple(named))

    def _primary(self) -> Node:
        if self.has("for", "if", "some", "every", "function"):
            return self.expression()
        token = self.next()
        if token.kind == "number":
            return ("number", token.text)
        if token.kind in ("string", "at"):
            return (token.kind, token.text, token.place)
        if token.kind == "name":
            return ("name", token.text, token.place)
        if token.kind == "word" and token.text in ("true", "false", "null"):
            return ("constant", {"true": True, "false": False, "null": None}[token.text])
        if token.text == "(":
            return self._parenthesis("(")
        if token.text == "[":
            return self._bracket()
        if token.text == "]":
            return self._range("]", self.expression())
        if token.text == "{":
            return self._context()
        self.tokens.go_to(token.place)
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
        first = self._entry()
        if self.has(".."):
            return self._range("[", first)
        rest = [first]
        while self.take(","):
            rest.append(self._entry())
        self.expect("]")
        return ("list", tuple(rest))

    def _entry(self) -> Node:
        """Take a part of a list: an expression, or a comparison such as < 5, which is a range."""
        if self.peek.kind == "op" and self.peek.text in COMPARISONS:
            return ("open_range", self.next().text, self._additive())
        return self.expression()

    def _range(self, opened: str, low: Node) -> Node:
        self.expect("..")
        start, depth = self.tokens.place, self.depth
        with suppress(Refusal):
            return self._range_end(opened, low, self.expression())
        self.go_back(start, depth)  # in ]1..5[ the last sign begins no filter
        self.filters = False
        try:
            return self._range_end(opened, low, self.expression())
        finally:
            self.filters = True

    def _range_end(self, opened: str, low: Node, high: Node) -> Node:
        closed = self.next()
        if closed.text not in ("]", ")", "["):
            self.tokens.go_to(closed.place)
            raise self.unexpected()
        return ("range", opened == "[", low, high, closed.text == "]")

    def _context(self) -> Node:
        entries: list[tuple[str, Node]] = []
        while not self.take("}"):
            if self.peek.kind == "string":
                key = unescape(self.next().text)
                self.tokens.learn(key)
            else:
                key = self.new_name(":")
            self.expect(":")
            entries.append((key, self.expression()))
            if not self.take(",") and not self.has("}"):
                raise self.unexpected()
        return ("context", tuple(entries))
