"""Webhooks, mail, robots: through the outbox to real servers of this machine, at least once."""

import base64
import hashlib
import hmac
import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import LazySettings
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client

from qianshou.exchange import outward
from qianshou.exchange.hooks import (
    MOST_FAILURES,
    accept_hook,
    make_hook,
    secret_of,
    sign,
    tell_hooks,
)
from qianshou.exchange.models import Hook, Mailing, Robot
from qianshou.exchange.notices import choose_mail, end_robot, make_robot, tell_outside
from qianshou.exchange.outward import Unanswered, check_url, is_public, post_outward
from qianshou.kernel import door
from qianshou.kernel.access import CLOCK
from qianshou.kernel.clock import day_of, now
from qianshou.kernel.door import acts
from qianshou.kernel.ledger.seals import seal_entries
from qianshou.kernel.outbox import carry_out
from qianshou.kernel.outbox.models import Parcel
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.models import Circle, Officer, Organisation, Posting
from qianshou.kernel.tokens.models import Token
from qianshou.kernel.worker import tick
from qianshou.kernel.worklist.models import Matter, Notice
from tests.exchange.conftest import Program, actor
from tests.office.calls import open_task, register_call

Browse = Callable[[str], Client]
Give = Callable[..., Program]


class Listener(ThreadingHTTPServer):
    """A server of somebody else's: keeps what it was told, answers what it is told to."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, dict[str, str], bytes]] = []
        self.answers: list[int] = []
        self.answer: dict[str, Any] = {"errcode": 0}

        class Answering(BaseHTTPRequestHandler):
            server: Listener

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.server.heard.append((self.path, dict(self.headers), body))
                self.send_response(self.server.answers.pop(0) if self.server.answers else 200)
                self.send_header("Location", "http://127.0.0.1:9/")
                self.end_headers()
                self.wfile.write(json.dumps(self.server.answer).encode())

        Answering.log_message = lambda *_: None  # type: ignore[method-assign]

        super().__init__(("127.0.0.1", 0), Answering)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook?key=k"


def running(server: Any) -> Iterator[Any]:
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def listener(settings: LazySettings) -> Iterator[Listener]:
    settings.OUTBOUND_HOSTS = ["127.0.0.1"]
    yield from running(Listener())


@pytest.fixture
def hook(program: Give, listener: Listener) -> Hook:
    program("zhang_min")
    made, _secret = make_hook(
        Token.objects.get(), listener.url, ["open", "claim"], by=admin(), at=now()
    )
    accept_hook(made, by=actor("zhang_min"), at=now())
    relayed()
    return made


def admin() -> Any:
    return actor(Officer.objects.get(role="system").username)


def relayed() -> int:
    seal_entries(now())
    return tell_hooks(now())


def test_a_hook_is_told_where_to_look_and_nothing_else(
    hook: Hook, listener: Listener, browse: Browse
) -> None:
    matter = Matter.objects.get(pk=register_call(browse("zhang_min")))
    door.act(acts.Comment(matter.pk, "不说出去"), by=actor("zhang_min"), at=now())
    assert relayed() == 1
    assert relayed() == 0
    assert carry_out(now()) == 1
    ((path, headers, body),) = listener.heard
    told = json.loads(body)
    assert path == "/hook?key=k"
    assert set(told) == {"id", "kind", "number", "state", "due", "at"}
    assert (told["kind"], told["number"], told["state"]) == ("open", matter.number, "open")
    assert told["due"] is not None
    signed = f"{headers['X-Qianshou-Timestamp']}.".encode() + body
    wanted = hmac.new(secret_of(hook.pk).encode(), signed, hashlib.sha256).hexdigest()
    assert headers["X-Qianshou-Signature"] == f"v1={wanted}"
    assert headers["Idempotency-Key"] == f"{hook.pk}-{told['id']}"


def test_the_worker_relays_what_it_has_sealed(
    hook: Hook, listener: Listener, browse: Browse
) -> None:
    register_call(browse("zhang_min"))
    tick(now())
    assert listener.heard == []
    tick(now())
    assert len(listener.heard) == 1


def test_what_the_seat_does_not_see_and_what_has_a_circle_is_not_told(
    hook: Hook, browse: Browse
) -> None:
    matter = register_call(browse("zhang_min"))
    Matter.objects.filter(pk=matter).update(circle=Circle.objects.create(about="police.gate"))
    assert relayed() == 0
    register_call(browse("zhang_min"))
    Token.objects.update(officer=Officer.objects.get(username="tang_li"))
    assert relayed() == 0


def test_a_revoked_token_tells_nothing_more(hook: Hook, browse: Browse) -> None:
    Token.objects.update(revoked_at=now())
    register_call(browse("zhang_min"))
    assert relayed() == 0


def test_a_hook_to_which_the_officer_has_not_agreed_is_told_nothing(
    hook: Hook, browse: Browse
) -> None:
    Hook.objects.update(accepted_at=None)
    register_call(browse("zhang_min"))
    assert relayed() == 0
    with pytest.raises(Refusal) as refused:
        accept_hook(hook, by=admin(), at=now())
    assert refused.value.code == "access.denied"


@pytest.mark.parametrize(
    "end",
    [
        lambda: Token.objects.update(revoked_at=now()),
        lambda: Token.objects.update(expires_on=day_of(now()) - timedelta(days=1)),
        lambda: Officer.objects.filter(username="zhang_min").update(is_active=False),
        lambda: Posting.objects.filter(officer__username="zhang_min").delete(),
        lambda: Matter.objects.update(circle=Circle.objects.create(about="police.gate")),
    ],
)
def test_what_was_sent_before_the_end_does_not_go_out_after_it(
    hook: Hook, listener: Listener, browse: Browse, end: Callable[[], Any]
) -> None:
    register_call(browse("zhang_min"))
    assert relayed() == 1
    end()
    assert carry_out(now()) == 1
    assert listener.heard == []


def test_a_failed_call_is_tried_again_with_the_same_key(
    hook: Hook, listener: Listener, browse: Browse, caplog: pytest.LogCaptureFixture
) -> None:
    listener.answers = [500, 302]
    register_call(browse("zhang_min"))
    relayed()
    at = now()
    assert carry_out(at) == 0
    assert carry_out(at) == 0
    assert carry_out(at + timedelta(minutes=1)) == 0
    assert Hook.objects.get().failures == 2
    assert carry_out(at + timedelta(minutes=4)) == 1
    assert len({headers["Idempotency-Key"] for _path, headers, _body in listener.heard}) == 1
    assert (len(listener.heard), Hook.objects.get().failures) == (3, 0)


def test_after_ten_failures_it_is_disabled_and_its_officer_told(
    hook: Hook, listener: Listener, browse: Browse, caplog: pytest.LogCaptureFixture
) -> None:
    Hook.objects.update(failures=MOST_FAILURES - 1)
    listener.answers = [500]
    register_call(browse("zhang_min"))
    relayed()
    carry_out(now())
    assert Hook.objects.get().disabled_at is not None
    notice = Notice.objects.get(kind="hook")
    assert notice.officer == hook.token.officer
    assert carry_out(now() + timedelta(hours=1)) == 1
    assert len(listener.heard) == 1
    register_call(browse("zhang_min"))
    assert relayed() == 0


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("ftp://example.org/", "outward.url"),
        ("https://", "outward.url"),
        ("https://user:word@example.org/", "outward.url"),
        ("https://example.org:99999/", "outward.url"),
        ("http://93.184.216.34/", "outward.https"),
        ("https://127.0.0.1/", "outward.inside"),
        ("https://10.1.2.3/", "outward.inside"),
        ("https://169.254.169.254/latest/meta-data/", "outward.inside"),
        ("https://[::1]/", "outward.inside"),
        ("https://[::ffff:10.0.0.1]/", "outward.inside"),
        ("https://0x7f000001/", "outward.inside"),
        ("https://no-such-host.invalid/", "outward.unknown"),
    ],
)
def test_nobody_makes_the_server_call_what_lies_inside(url: str, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        check_url(url)
    assert refused.value.code == code


def test_what_is_public_is_told_by_the_address() -> None:
    for address in ("93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34"):
        assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "224.0.0.1", "192.0.0.8", "100.64.0.1", "::ffff:127.0.0.1", "fe80::1%eth0", "fec0::1",
        "ff0e::1", "::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2001::1", "2001:db8::1",
        "2002:7f00:1::1",
    ],
)  # fmt: skip
def test_what_lies_inside_or_leads_there_is_not(address: str) -> None:
    assert not is_public(address)


def test_a_host_inside_is_refused_again_when_it_is_called(
    listener: Listener, settings: LazySettings
) -> None:
    post_outward(listener.url, b"{}", {})
    settings.OUTBOUND_HOSTS = []
    with pytest.raises(Refusal):
        post_outward(listener.url, b"{}", {})
    assert len(listener.heard) == 1


def test_a_redirection_is_not_followed(listener: Listener) -> None:
    listener.answers = [302]
    with pytest.raises(Unanswered, match="302"):
        post_outward(listener.url, b"{}", {})


class Dripping(socketserver.ThreadingTCPServer):
    """A server that begins an answer and never ends it, a byte at a time."""

    daemon_threads = True

    def __init__(self, beginning: bytes) -> None:
        self.ended = threading.Event()

        class Drip(socketserver.BaseRequestHandler):
            server: Dripping

            def handle(self) -> None:
                try:
                    self.request.sendall(beginning)
                    while not self.server.ended.wait(0.02):
                        self.request.sendall(b"x")
                except OSError:
                    pass

        super().__init__(("127.0.0.1", 0), Drip)


@pytest.mark.parametrize("beginning", [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_who_answers_a_byte_at_a_time_is_hung_up_on(
    settings: LazySettings, monkeypatch: pytest.MonkeyPatch, beginning: bytes
) -> None:
    settings.OUTBOUND_HOSTS = ["127.0.0.1"]
    monkeypatch.setattr(outward, "SECONDS", 0.3)
    for server in running(Dripping(beginning)):
        url = f"http://127.0.0.1:{server.server_address[1]}/"
        with pytest.raises(Unanswered, match="Timeout"):
            post_outward(url, b"{}", {}, longest=1 << 20)
        server.ended.set()


def test_what_is_answered_is_read_as_it_came_and_as_far_as_it_is_wanted(
    listener: Listener,
) -> None:
    assert post_outward(listener.url, b"{}", {}) == b""
    assert post_outward(listener.url, b"{}", {}, longest=5) == b'{"err'
    assert listener.heard[0][1]["Accept-Encoding"] == "identity"


def test_a_failure_tells_nothing_of_the_secret_address(
    listener: Listener, browse: Browse, caplog: pytest.LogCaptureFixture
) -> None:
    matter = Matter.objects.get(pk=register_call(browse("zhang_min")))
    robot(listener, matter.organisation, "wecom", url=listener.url.replace("=k", "=TELLTALE"))
    outside()
    late(matter.pk)
    outside()
    listener.answers = [403]
    carry_out(now())
    failure = Parcel.objects.get(kind="exchange.robot").failure
    assert "403" in failure
    assert "TELLTALE" not in failure + caplog.text


def test_hooks_are_made_by_the_administrator_for_tokens_that_read_matters(
    program: Give, listener: Listener
) -> None:
    program("zhang_min", ["list"])
    token = Token.objects.get()
    for kinds, by, code in (
        (["open"], admin(), "hook.scope"),
        (["open"], actor("zhang_min"), "access.denied"),
    ):
        with pytest.raises(Refusal) as refused:
            make_hook(token, listener.url, kinds, by=by, at=now())
        assert refused.value.code == code
    token.scopes = ["matters"]
    for kinds in ([], ["gossip"]):
        with pytest.raises(Refusal) as refused:
            make_hook(token, listener.url, kinds, by=admin(), at=now())
        assert refused.value.code == "hook.kinds"


def test_a_signature_is_of_its_own_time_and_body() -> None:
    assert sign("s", "1", b"{}") == sign("s", "1", b"{}")
    assert len({sign("s", "1", b"{}"), sign("s", "2", b"{}"), sign("t", "1", b"{}")}) == 3


class PostOffice(socketserver.ThreadingTCPServer):
    """A mail server that takes everything."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        self.letters: list[str] = []

        class Clerk(socketserver.StreamRequestHandler):
            server: PostOffice

            def handle(self) -> None:
                self.wfile.write(b"220 here\r\n")
                while line := self.rfile.readline().strip().upper():
                    if line == b"DATA":
                        self.wfile.write(b"354 go on\r\n")
                        letter = b""
                        while not letter.endswith(b"\r\n.\r\n"):
                            letter += self.rfile.readline()
                        self.server.letters.append(letter.decode())
                    self.wfile.write(b"221 bye\r\n" if line == b"QUIT" else b"250 ok\r\n")

        super().__init__(("127.0.0.1", 0), Clerk)


@pytest.fixture
def post_office(settings: LazySettings) -> Iterator[PostOffice]:
    server = PostOffice()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.server_address[1]
    yield from running(server)


def late(matter: int) -> None:
    """Let a matter's open task be late, and the clock warn of it."""
    task = open_task(matter)
    door.act(acts.Warn(task.pk), by=CLOCK, at=task.due_at + timedelta(minutes=1))


def outside() -> int:
    return tell_outside(now())


def want_mail(username: str, *kinds: str) -> None:
    officer = Officer.objects.get(username=username)
    choose_mail(officer, "zhang@example.org", kinds, by=actor(username), at=now())


def test_an_officer_is_mailed_of_what_they_chose_without_a_word_of_it(
    browse: Browse, post_office: PostOffice
) -> None:
    want_mail("zhang_min", "late")
    outside()
    matter = Matter.objects.get(pk=register_call(browse("zhang_min")))
    late(matter.pk)
    assert outside() == 1
    assert outside() == 0
    assert carry_out(now()) == 1
    (letter,) = post_office.letters
    assert "To: zhang@example.org" in letter
    text = letter.partition("\r\n\r\n")[2]
    assert f"任务已超期 {matter.number}" in text
    assert f"http://127.0.0.1:8000/m/{matter.pk}/" in text
    assert "办理期限" in text
    assert "噪声" not in letter


def test_mail_of_a_matter_in_a_circle_says_only_that_there_is_a_notice(
    browse: Browse, settings: LazySettings
) -> None:
    settings.EMAIL_HOST = "mail.example.org"
    want_mail("zhang_min", "late", "other")
    outside()
    matter = Matter.objects.get(pk=register_call(browse("zhang_min")))
    circle = Circle.objects.create(about="police.gate")
    circle.members.create(
        role="keeper",
        officer=Officer.objects.get(username="zhang_min"),
        from_date=day_of(now()),
    )
    late(matter.pk)
    Matter.objects.filter(pk=matter.pk).update(circle=circle)
    assert outside() == 1
    carry_out(now())
    (letter,) = mail.outbox
    assert matter.number not in letter.subject + str(letter.body)
    assert str(letter.body).endswith("/notices/")


def test_others_notices_and_kinds_not_chosen_are_not_mailed(
    browse: Browse, settings: LazySettings
) -> None:
    settings.EMAIL_HOST = "mail.example.org"
    want_mail("zhang_min", "urge")
    want_mail("tang_li", "late")
    outside()
    late(register_call(browse("zhang_min")))
    assert outside() == 0
    want_mail("zhang_min")
    assert Mailing.objects.get(officer__username="zhang_min").kinds == []


def test_mail_is_refused_where_none_can_be_sent(district: None, settings: LazySettings) -> None:
    settings.EMAIL_HOST = ""
    with pytest.raises(Refusal) as refused:
        want_mail("zhang_min", "late")
    assert refused.value.code == "mail.off"
    settings.EMAIL_HOST = "mail.example.org"
    with pytest.raises(Refusal) as refused:
        want_mail("zhang_min", "gossip")
    assert refused.value.code == "mail.kinds"


def robot(listener: Listener, organisation: Organisation, kind: str, **changed: Any) -> Robot:
    told = {"name": f"{kind}群", "url": listener.url, "secret": "", "kinds": ["late"], **changed}
    return make_robot(organisation, kind, by=admin(), at=now(), **told)


def test_both_kinds_of_robots_tell_their_groups(listener: Listener, browse: Browse) -> None:
    matter = Matter.objects.get(pk=register_call(browse("zhang_min")))
    made = robot(listener, matter.organisation, "wecom")
    robot(listener, matter.organisation, "dingtalk", secret="SEC7")
    assert listener.url.encode() not in bytes(Robot.objects.get(pk=made.pk).sealed_url)
    outside()
    late(matter.pk)
    assert outside() == 2
    assert carry_out(now()) == 2
    for _path, _headers, body in listener.heard:
        told = json.loads(body)
        assert told["msgtype"] == "text"
        assert matter.number in told["text"]["content"]
        assert "噪声" not in told["text"]["content"]
    wecom, dingtalk = sorted(
        (parse_qs(urlsplit(path).query) for path, _headers, _body in listener.heard), key=len
    )
    assert wecom == {"key": ["k"]}
    stamp = dingtalk["timestamp"][0]
    signed = hmac.new(b"SEC7", f"{stamp}\nSEC7".encode(), hashlib.sha256).digest()
    assert dingtalk["sign"] == [base64.b64encode(signed).decode()]


def test_a_robot_that_is_refused_is_tried_again_and_one_that_is_ended_is_not(
    listener: Listener, browse: Browse, caplog: pytest.LogCaptureFixture
) -> None:
    matter = Matter.objects.get(pk=register_call(browse("zhang_min")))
    made = robot(listener, matter.organisation, "wecom")
    outside()
    late(matter.pk)
    outside()
    listener.answer = {"errcode": 93000}
    assert carry_out(now()) == 0
    assert "93000" in Parcel.objects.get(kind="exchange.robot").failure
    end_robot(made, by=admin(), at=now())
    assert carry_out(now() + timedelta(minutes=2)) == 1
    assert len(listener.heard) == 1


def test_a_group_is_not_told_of_a_matter_in_a_circle(listener: Listener, browse: Browse) -> None:
    matter = Matter.objects.get(pk=register_call(browse("zhang_min")))
    robot(listener, matter.organisation, "wecom", kinds=["late", "other"])
    outside()
    late(matter.pk)
    Matter.objects.filter(pk=matter.pk).update(circle=Circle.objects.create(about="police.gate"))
    assert outside() == 0


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"organisation": None}, "robot.organisation"),
        ({"kind": "pager"}, "robot.kind"),
        ({"kinds": []}, "robot.kinds"),
        ({"url": "https://10.0.0.1/"}, "outward.inside"),
    ],
)
def test_a_robot_that_cannot_be_is_refused(
    listener: Listener, browse: Browse, changed: dict[str, Any], code: str
) -> None:
    told = {"organisation": Organisation.objects.first(), "kind": "wecom", **changed}
    with pytest.raises(Refusal) as refused:
        robot(listener, **told)
    assert refused.value.code == code
    assert not Robot.objects.exists()


def test_one_token_tells_an_address_once_and_names_of_robots_are_their_own(
    hook: Hook, listener: Listener
) -> None:
    with pytest.raises(Refusals):
        make_hook(hook.token, listener.url, ["open"], by=admin(), at=now())
    with pytest.raises(IntegrityError), transaction.atomic():
        Hook.objects.create(token=hook.token, url=listener.url, kinds=["open"])
    organisation = Organisation.objects.order_by("pk")[0]
    made = robot(listener, organisation, "wecom")
    with pytest.raises(Refusals):
        robot(listener, organisation, "wecom")
    with pytest.raises(IntegrityError, match="robot_of_a_known_kind"), transaction.atomic():
        Robot.objects.filter(pk=made.pk).update(kind="pager")
    with pytest.raises(IntegrityError), transaction.atomic():
        Robot.objects.create(
            organisation=organisation, kind="wecom", name=made.name, sealed_url=b"x", kinds=[]
        )
