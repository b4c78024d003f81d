"""The product as it is started, filled with the demonstration, and a browser to look at it."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from qianshou.demo.cast import ACCOUNTS, PASSWORD, TOTP_SECRET
from qianshou.kernel.clock import now
from qianshou.kernel.login.codes import code_at, step_of

ROOT = Path(__file__).resolve().parents[2]
AXE = (Path(__file__).parent / "vendor/axe.min.js").read_text(encoding="utf-8")
COMMAND = (sys.executable, "-m", "qianshou")
Visit = Callable[..., Page]
ADMINISTRATORS = {username for username, _, role, *_ in ACCOUNTS if role != "officer"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let every test of this folder be one for the browser."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of the served product with its worker and the demonstration."""
    kept = {key: text for key, text in os.environ.items() if key != "DATABASE_URL"}
    given = {**kept, "QIANSHOU_VAR": str(tmp_path_factory.mktemp("var"))}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    subprocess.run([*COMMAND, "demo"], cwd=ROOT, env=given, check=True, timeout=300)
    address = f"http://127.0.0.1:{port}"
    with subprocess.Popen(
        [*COMMAND, "serve", "--with-worker", "--port", str(port)], cwd=ROOT, env=given
    ) as served:
        try:
            wait_for(address)
            yield address
        finally:
            served.terminate()


def wait_for(address: str) -> None:
    """Wait until the product answers, a minute at most."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            urllib.request.urlopen(f"{address}/login/", timeout=5).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(address)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Return the browser that the system has."""
    with sync_playwright() as playwright:
        found = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def kept() -> dict[str, Any]:
    """Return the cookies of administrators who have logged in, by account."""
    return {}


@pytest.fixture
def visit(site: str, chromium: Browser, kept: dict[str, Any]) -> Iterator[Visit]:
    """Return what opens a page as somebody: language, width and theme as asked.

    A page that asks another host for anything, or complains on its console, fails the test.
    """
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def open_page(
        path: str = "/",
        *,
        username: str = "",
        language: str = "zh-hans",
        width: int = 1440,
        theme: str = "light",
        script: bool = True,
    ) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, java_script_enabled=script, locale="zh-CN"
        )
        contexts.append(context)
        context.set_default_timeout(15000)
        page = context.new_page()
        page.on(
            "request",
            lambda one: None if one.url.startswith((site, "data:")) else wrong.append(one.url),
        )
        page.on(
            "console",
            lambda one: wrong.append(one.text) if one.type == "error" else None,
        )
        page.on("pageerror", lambda one: wrong.append(str(one)))
        if username in kept:  # a code counts once: one log-in does for all tests
            context.add_cookies(kept[username])
        elif username:
            page.goto(f"{site}/login/")
            page.fill("#username", username)
            page.fill("#password", PASSWORD)
            page.click("form.form button")
            if username in ADMINISTRATORS:
                page.fill("#code", code_at(TOTP_SECRET, step_of(now())))
                page.click("form.form button")
                page.wait_for_selector(".side", state="attached")
                kept[username] = [one for one in context.cookies() if "theme" not in one["name"]]
            page.wait_for_url(f"{site}/**")
        context.add_cookies(
            [
                {"name": "django_language", "value": language, "url": site},
                {"name": "theme", "value": theme, "url": site},
            ]
        )
        page.goto(f"{site}{path}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    expected = (
        "status of 422",
        "ERR_INTERNET",
        "development build of Inferno",
    )  # dmn-js's own word
    assert not [one for one in wrong if not any(text in one for text in expected)]


def faults_of(page: Page) -> list[str]:
    """Return what axe-core finds serious or critical on a page, and whether it is too wide."""
    page.evaluate(AXE)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    faults = [
        f"{page.url}: {one['id']} {one['nodes'][0]['html'][:160]}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    ]
    size = page.viewport_size
    wide = page.evaluate("document.documentElement.scrollWidth")
    if size and wide > size["width"]:
        faults.append(f"{page.url}: {wide} wide on {size['width']}")
    return faults
