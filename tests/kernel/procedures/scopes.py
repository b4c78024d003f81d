"""Generated procedures with scopes: sub-processes that fail, rise, are late or are interrupted,
races, signings, what listens beside, within choices, parallels and loops.
"""

from itertools import count, pairwise
from typing import Any

from hypothesis import strategies as some

Scope = Any
FLAVOURS = ("plain", "error", "rise", "late", "beside", "stop", "message", "signal", "timer", "net")
KINDS = ("seq", "xor", "and", "loop", "race", "sign", *FLAVOURS)


def scopes() -> some.SearchStrategy[Scope]:
    """Return a strategy of blocks: "step", or (kind, [blocks], whether it interrupts or turns)."""
    return some.recursive(
        some.just("step"),
        lambda inner: some.tuples(
            some.sampled_from(KINDS), some.lists(inner, min_size=1, max_size=3), some.booleans()
        ),
        max_leaves=6,
    )


class _Drawer:
    """Draws blocks as the lines of a draft; every name has its number."""

    def __init__(self) -> None:
        self.numbers = count(1)
        self.lines: list[str] = []

    def say(self, around: str, *lines: str) -> None:
        self.lines.extend(f"{around} | {line}" if around else line for line in lines)

    def draw(self, part: Scope, around: str) -> tuple[str, str]:
        """Draw a block inside `around`; return where it is entered and where it is left."""
        number = next(self.numbers)
        if part == "step":
            return f"t{number}", f"t{number}"
        kind, parts, flag = part
        if kind == "sign":
            order = "sequential" if flag else "parallel"
            self.say(around, f"sign g{number} {order} nrOfCompletedInstances >= 2")
            return f"g{number}", f"g{number}"
        if kind in FLAVOURS:
            return self.box(kind, ("seq", parts, flag), around, number, flag=flag)
        ends = [self.draw(one, around) for one in parts]
        if kind == "seq" or (len(ends) == 1 and kind in ("xor", "and")):
            for (_, out), (into, _) in pairwise(ends):
                self.say(around, f"{out} > {into}")
            return ends[0][0], ends[-1][1]
        first, last = f"g{number}", f"j{number}"
        if kind == "loop":
            for (_, out), (into, _) in pairwise(ends):
                self.say(around, f"{out} > {into}")
            self.say(
                around, f"xor {last}", f"xor {first}", f"{last} > {ends[0][0]}",
                f"{ends[-1][1]} > v{number} > {first}", f"{first} > {last}: {first} = 1",
                f"{first} > u{number}",
            )  # fmt: skip
            return last, f"u{number}"
        closing = "and" if kind == "and" else "xor"
        self.say(around, f"{kind} {first}", f"{closing} {last}")
        for place, (into, out) in enumerate(ends):
            asked = f": {first} = {place}" if kind == "xor" and place else ""
            if kind == "race":
                event = f"m{number}x{place}"
                told = f"hear {event} message {event}" if place else f"timer {event}"
                self.say(around, told, f"{first} > {event} > {into}")
            else:
                self.say(around, f"{first} > {into}{asked}")
            self.say(around, f"{out} > {last}")
        return first, last

    def box(
        self, kind: str, inner: Scope, around: str, number: int, *, flag: bool
    ) -> tuple[str, str]:
        """Draw a sub-process of some flavour."""
        name, told = f"b{number}", str(flag).lower()
        into, out = self.draw(inner, name)
        self.say(around, f"sub {name}")
        self.say(name, f"start s{number}", f"end x{number}", f"s{number} > {into}")
        left = name
        if kind in ("error", "net"):
            self.say(
                name, f"xor g{number}", f"fail bad{number} error E", f"{out} > g{number}",
                f"g{number} > x{number}", f"g{number} > bad{number}: g{number} = 1",
            )  # fmt: skip
        elif kind == "rise":
            self.say(
                name, f"xor g{number}", f"{out} > g{number}", f"g{number} > x{number}",
                f"g{number} > r{number}: g{number} = 1",
            )  # fmt: skip
            if flag:
                self.say(name, f"fail r{number} escalation L")
            else:
                self.say(name, f"throw r{number} escalation L", f"end y{number}")
                self.say(name, f"r{number} > v{number} > y{number}")
        elif kind == "stop":
            self.say(name, f"and g{number}", f"stop z{number}")
            self.lines.remove(f"{name} | s{number} > {into}")
            self.say(name, f"s{number} > g{number}", f"g{number} > {into}",
                     f"g{number} > v{number} > z{number}", f"{out} > x{number}")  # fmt: skip
        else:
            self.say(name, f"{out} > x{number}")
        if kind in ("message", "signal", "timer", "net"):
            trigger = "error E" if kind == "net" else f"{kind} o{number}"
            self.say(name, f"aside a{number}")
            self.say(f"a{number}", f"on o{number} {told} {trigger}", f"end w{number}",
                     f"o{number} > h{number} > w{number}")  # fmt: skip
        caught = {
            "error": f"caught c{number} {name} true error E",
            "rise": f"caught c{number} {name} {told} escalation L",
            "late": f"late c{number} {name}",
            "beside": f"beside c{number} {name}",
        }.get(kind)
        if caught:
            interrupting = kind in ("error", "late") or (kind == "rise" and flag)
            self.say(around, caught)
            if interrupting:
                left = f"k{number}"
                self.say(
                    around, f"xor {left}", f"{name} > {left}", f"c{number} > i{number} > {left}"
                )
            else:
                self.say(around, f"end q{number}", f"c{number} > i{number} > q{number}")
        return name, left


def drawn(part: Scope) -> str:
    """Return a block as a draft, between the start and the end of a matter."""
    drawer = _Drawer()
    into, out = drawer.draw(part, "")
    drawer.say("", "end e", f"s > {into}", f"{out} > tail > e")
    return "\n".join(drawer.lines)
