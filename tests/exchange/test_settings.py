"""Where mail is sent by is read from one address, and what is secret from a file."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from qianshou.settings import read_mail


def test_an_address_says_all_that_a_mail_server_needs() -> None:
    read = read_mail("smtps://office:p%40ss@mail.example.org")
    assert (read["host"], read["port"], read["ssl"]) == ("mail.example.org", 465, True)
    assert (read["user"], read["password"]) == ("office", "p@ss")
    assert read_mail("smtp://mail.example.org:587?starttls=1")["starttls"]
    assert read_mail("")["host"] == ""


@pytest.mark.parametrize("url", ["http://mail.example.org", "smtp://", "mail.example.org"])
def test_another_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="QIANSHOU_MAIL"):
        read_mail(url)


def test_what_holds_a_password_may_lie_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("smtp://office:from-a-file@mail.example\n")
    (tmp_path / "metrics").write_text("token-of-a-file\n")
    given = {
        **os.environ,
        "QIANSHOU_VAR": str(tmp_path),
        "QIANSHOU_MAIL_FILE": str(tmp_path / "mail"),
        "QIANSHOU_METRICS_TOKEN_FILE": str(tmp_path / "metrics"),
    }
    told = "from qianshou import settings as s; print(s.EMAIL_HOST_PASSWORD, s.METRICS_TOKEN)"
    done = subprocess.run(
        [sys.executable, "-c", told], env=given, capture_output=True, text=True, check=True
    )
    assert done.stdout == "from-a-file token-of-a-file\n"
