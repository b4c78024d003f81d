"""Where mail is sent by is read from one address."""

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
