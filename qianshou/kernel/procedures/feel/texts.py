"""FEEL's built-in functions (DMN 1.3, 10.3.4.3) for strings."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from qianshou.kernel.procedures.feel.meter import LONGEST_TEXT, spend
from qianshou.kernel.procedures.feel.patterns import SECONDS, Compiled, compile_pattern
from qianshou.kernel.procedures.feel.registry import feel

Found = TypeVar("Found")


@feel("substring(string: string, start position: number, length?: number)")
def _substring(text: str, start: Any, length: Any = None) -> str | None:
    begin = int(start)
    if begin == 0 or abs(begin) > len(text) or (length is not None and int(length) < 1):
        return None
    begin = begin - 1 if begin > 0 else len(text) + begin
    return text[begin:] if length is None else text[begin : begin + int(length)]


@feel("string length(string: string)")
def _string_length(text: str) -> int:
    return len(text)


@feel("upper case(string: string)")
def _upper_case(text: str) -> str:
    return text.upper()


@feel("lower case(string: string)")
def _lower_case(text: str) -> str:
    return text.lower()


@feel("substring before(string: string, match: string)")
def _substring_before(text: str, match: str) -> str:
    return text.partition(match)[0] if match and match in text else ""


@feel("substring after(string: string, match: string)")
def _substring_after(text: str, match: str) -> str:
    return text.partition(match)[2] if match else text


@feel("contains(string: string, match: string)")
def _contains(text: str, match: str) -> bool:
    return match in text


@feel("starts with(string: string, match: string)")
def _starts_with(text: str, match: str) -> bool:
    return text.startswith(match)


@feel("ends with(string: string, match: string)")
def _ends_with(text: str, match: str) -> bool:
    return text.endswith(match)


@feel("string join(list: list, delimiter?: string)")
def _string_join(values: list[Any], delimiter: str | None = None) -> str | None:
    kept = [value for value in values if value is not None]
    if not all(type(value) is str for value in kept):
        return None
    length = sum(map(len, kept)) + len(delimiter or "") * len(kept)
    spend(len(kept) + length // 100)
    return (delimiter or "").join(kept) if length <= LONGEST_TEXT else None


def _within_time(work: Callable[[], Found]) -> Found | None:
    """Return what a match gives, or None where it takes too long."""
    spend(50)
    try:
        return work()
    except TimeoutError:
        spend(200_000)
        return None


@feel("matches(input: string, pattern: string, flags?: string)")
def _matches(text: str, pattern: str, flags: str | None = None) -> bool | None:
    found = compile_pattern(pattern, flags or "")
    if found is None:
        return None
    return _within_time(lambda: found.pattern.search(text, timeout=SECONDS) is not None)


@feel("replace(input: string, pattern: string, replacement: string, flags?: string)")
def _replace(text: str, pattern: str, replacement: str, flags: str | None = None) -> str | None:
    """Return the text with each match replaced; as XPath's fn:replace, null for a pattern that
    matches nothing at all, and for a replacement with a stray "$" or backslash.
    """
    found = compile_pattern(pattern, flags or "")
    if found is None or _within_time(lambda: found.pattern.search("", timeout=SECONDS)):
        return None
    literal = "q" in (flags or "")
    parts = [replacement] if literal else list(_parts(replacement, found))

    def swap(match: Any) -> str:
        made = "".join(part if isinstance(part, str) else match.group(part) or "" for part in parts)
        spend(1 + len(made) // 20)
        return made

    swapped = _within_time(lambda: found.pattern.sub(swap, text, timeout=SECONDS))
    return swapped if swapped is None or len(swapped) <= LONGEST_TEXT else None


def _parts(replacement: str, found: Compiled) -> Iterator[str | int]:
    """Yield the texts and group numbers of a replacement; raises ValueError for a stray sign."""
    at = 0
    while at < len(replacement):
        sign = replacement[at]
        following = replacement[at + 1 : at + 2]
        at += 1
        if sign == "\\":
            if following not in ("\\", "$"):
                raise ValueError
            yield following
            at += 1
        elif sign == "$":
            if not (following.isascii() and following.isdigit()):
                raise ValueError
            number = int(following)
            at += 1
            while (more := replacement[at : at + 1]).isascii() and more.isdigit():
                if number * 10 + int(more) > found.groups:
                    break
                number = number * 10 + int(more)
                at += 1
            yield number if number <= found.groups else ""
        else:
            yield sign


@feel("split(string: string, delimiter: string)")
def _split(text: str, delimiter: str) -> list[str] | None:
    found = compile_pattern(delimiter, "")
    if found is None:
        return None
    spend(len(text) // 20)

    def cut() -> list[str] | None:
        parts, begin = [], 0
        for match in found.pattern.finditer(text, timeout=SECONDS):
            if match.end() == match.start():
                return None
            parts.append(text[begin : match.start()])
            begin = match.end()
        return [*parts, text[begin:]]

    return _within_time(cut)


@feel("extract(string: string, pattern: string, flags?: string)")
def _extract(text: str, pattern: str, flags: str | None = None) -> list[str] | None:
    found = compile_pattern(pattern, flags or "")
    if found is None:
        return None
    spend(len(text) // 20)
    return _within_time(
        lambda: [match.group() for match in found.pattern.finditer(text, timeout=SECONDS)]
    )
