"""The Jinja environment of every page: texts, addresses, dates in China, words for deadlines."""

import json
from collections import defaultdict
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from typing import Any

from django.contrib.messages import get_messages
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext, ngettext
from jinja2 import Environment
from markupsafe import Markup

from qianshou.kernel import clock
from qianshou.kernel.calendar import NEVER
from qianshou.kernel.clock import CHINA
from qianshou.kernel.registry.synthetic import is_synthetic


def environment(**options: Any) -> Environment:
    """Return Jinja's environment with what our templates use."""
    options.update(extensions=["jinja2.ext.i18n"], trim_blocks=True, lstrip_blocks=True)
    options.pop("autoescape", None)
    made = Environment(autoescape=True, **options)
    made.install_gettext_callables(known_text, ngettext, newstyle=True)  # type: ignore[attr-defined]
    made.globals.update(
        static=static_address,
        url=address,
        icon=icon,
        language=translation.get_language,
        now=clock.now,
        due_words=due_words,
        due_tone=due_tone,
        span_words=span_words,
        tr=either,
        theme=theme,
        synthetic=is_synthetic,
        get_messages=get_messages,
    )
    made.filters.update(
        day=day,
        instant=instant,
        clock=clock_time,
        initial=initial,
        json_text=json_text,
        signed=signed,
    )
    return made


_texts: defaultdict[str | None, dict[str, str]] = defaultdict(dict)


def known_text(message: str) -> str:
    """Return the text of a template in the page's language, looked up in the catalogues once."""
    texts = _texts[translation.get_language()]
    found = texts.get(message)
    if found is None:
        found = texts[message] = gettext(message)
    return found


_ = known_text  # the deadlines' words as well: each stands fifty times on a page


def theme(request: HttpRequest | None) -> str:
    """Return the chosen theme, "light" or "dark"."""
    chosen = request.COOKIES.get("theme", "") if request is not None else ""
    return "dark" if chosen == "dark" else "light"


def address(name: str, *values: Any, **query: Any) -> str:
    """Return the address of a page by its name."""
    return reversed_once(name, values)


@lru_cache(maxsize=8192, typed=True)
def reversed_once(name: str, values: tuple[Any, ...]) -> str:
    """Return the address of a page, which is the same as long as the process lives."""
    return reverse(name, args=values)


@cache
def static_address(name: str) -> str:
    """Return the address of a static file."""
    return static(name)


@cache
def icon(name: str, small: bool = False) -> Markup:
    """Return an icon of the sprite, hidden from screen readers."""
    size = "ico ico-s" if small else "ico"
    return Markup('<svg class="{}" aria-hidden="true"><use href="{}#{}"/></svg>').format(
        size, static("vendor/icons.svg"), name
    )


def either(zh: str, en: str) -> str:
    """Return the text of a record that carries both languages."""
    return zh if is_chinese() or not en else en


def is_chinese() -> bool:
    """Whether the page is read in Chinese."""
    return (translation.get_language() or "zh").startswith("zh")


def day(value: date | datetime | None) -> str:
    """Return a date in China."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        value = value.astimezone(CHINA).date()
    return value.isoformat()


def clock_time(value: datetime | None) -> str:
    """Return the time of day in China."""
    return "" if value is None else value.astimezone(CHINA).strftime("%H:%M")


def instant(value: datetime | str | None) -> str:
    """Return date and time in China; of a deadline that never comes nothing."""
    if not value or value == NEVER:
        return ""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return value.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")


def signed(value: float) -> str:
    """Return a difference with its sign and all its digits."""
    return f"{value:+,.12g}" if value else "0"


def span_words(seconds: float) -> str:
    """Return a span of seconds in its largest unit: "3 天", "2 小时", "5 分钟"."""
    seconds = abs(seconds)
    if seconds >= 86400:
        return _("%(n)s 天") % {"n": int(seconds // 86400)}
    if seconds >= 3600:
        return _("%(n)s 小时") % {"n": int(seconds // 3600)}
    return _("%(n)s 分钟") % {"n": int(seconds // 60)}


def due_words(due: datetime) -> str:
    """Return how far a deadline is: "还剩 2 小时", "超 1 天", "已挂起"."""
    if due == NEVER:
        return _("已挂起")
    left = due - clock.now()
    if left < timedelta():
        return _("超 %(span)s") % {"span": span_words(left.total_seconds())}
    return _("还剩 %(span)s") % {"span": span_words(left.total_seconds())}


def due_tone(due: datetime, amber: datetime) -> str:
    """Return "r" for late, "y" for amber, "" otherwise."""
    present = clock.now()
    return "r" if present >= due else "y" if present >= amber else ""


def initial(name: str) -> str:
    """Return the one character that stands for a name in an avatar."""
    return (name or "·")[0]


def json_text(value: Any) -> Markup:
    """Return a value as JSON that is safe inside a script element of type application/json."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return Markup(  # noqa: S704 - what could end the element is written as escapes
        text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    )
