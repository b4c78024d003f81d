"""The guards of answers that no address gives, and those of TLS; the walk is the administrators'."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.test import Client

from tests.office.guarded import lacking

ROOT = Path(__file__).resolve().parents[2]


def test_pages_for_what_is_not_there_or_too_large_have_the_guards_too(db: None) -> None:
    client = Client()
    assert lacking(client.get("/no/such/page/")) == []
    large = client.generic("POST", "/login/", b"x", headers={"content-length": str(2**40)})
    assert large.status_code == 413
    assert lacking(large) == [], large.headers


def test_logging_out_lets_the_browser_forget_its_pages(db: None) -> None:
    assert Client().post("/logout/").headers["Clear-Site-Data"] == '"cache"'


def test_by_tls_every_cookie_is_the_hosts_own_and_the_browser_keeps_to_tls(
    db: None, settings: Any, tmp_path: Path
) -> None:
    names = (
        "SESSION_COOKIE_NAME", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_NAME", "CSRF_COOKIE_SECURE",
        "LANGUAGE_COOKIE_SECURE", "SECURE_SSL_REDIRECT", "SECURE_HSTS_SECONDS",
        "SECURE_HSTS_INCLUDE_SUBDOMAINS",
    )  # fmt: skip
    told = subprocess.run(
        [
            sys.executable, "-c",
            "import json, sys; from qianshou import settings;"
            "print(json.dumps({name: getattr(settings, name) for name in sys.argv[1:]}))",
            *names,
        ],
        cwd=ROOT, env={**os.environ, "QIANSHOU_TLS": "1", "QIANSHOU_VAR": str(tmp_path)},
        capture_output=True, check=True,
    )  # fmt: skip
    by_tls = json.loads(told.stdout)
    assert by_tls["SESSION_COOKIE_NAME"].startswith("__Host-")
    assert by_tls["CSRF_COOKIE_NAME"].startswith("__Host-")
    for name, value in by_tls.items():
        setattr(settings, name, value)
    settings.SECURE = True
    client = Client()
    assert client.get("/login/").headers["Location"].startswith("https://")
    answer = client.get("/login/", secure=True)
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    assert list(answer.cookies) == ["__Host-csrf"]
    switched = client.post("/theme/", {"next": "/"}, secure=True)
    cookies = {**answer.cookies, **switched.cookies}
    assert all(
        one["secure"] and one["path"] == "/" and not one["domain"] for one in cookies.values()
    )
