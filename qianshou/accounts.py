"""Accounts from the command line, for whoever runs the server: list, create, lock, reset."""

import argparse
from collections.abc import Callable
from datetime import datetime

from qianshou.demo.cast import TOTP_SECRET
from qianshou.kernel.access import Actor
from qianshou.kernel.clock import now
from qianshou.kernel.door.factors import take_off_factor
from qianshou.kernel.door.passwords import give_password, given, new_password
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.login.codes import code_at, open_secret, step_of
from qianshou.kernel.login.sessions import end_sessions
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Officer
from qianshou.kernel.registry.synthetic import is_synthetic
from qianshou.kernel.registry.vault import master_keys

Say = Callable[[str, str], None]
COMMAND_LINE = Actor("clock", name="命令行")


def run(arguments: argparse.Namespace, *, say: Say) -> int:
    """Do one of the actions of `qianshou users`; return 0, or refuse with an accounts.* code."""
    if arguments.action == "list":
        list_accounts()
    elif arguments.action == "create":
        password = create_account(arguments.username, arguments.name, arguments.role)
        say_password(say, arguments.username, password)
    elif arguments.action == "reset":
        officer = find_account(arguments.username)
        password = give_password(officer, by=COMMAND_LINE, at=now())
        say_password(say, officer.username, password)
    elif arguments.action == "reset-totp":
        take_off_factor(find_account(arguments.username), by=COMMAND_LINE, at=now())
        say("已完成", "Done")
    elif arguments.action == "code":
        print(demonstration_code(arguments.username, now()))
    else:
        set_active(arguments.username, active=arguments.action == "unlock")
        say("已完成", "Done")
    return 0


def list_accounts() -> None:
    """Print every account: name, role, whether it may log in."""
    for officer in Officer.objects.order_by("username"):
        mark = "✓" if officer.is_active and officer.locked_until is None else "✗"
        print(f"{mark} {officer.username:<24} {officer.role:<9} {officer.name}")


def create_account(username: str, name: str, role: str) -> str:
    """Make an account and return its first password; refuses accounts.taken."""
    if Officer.objects.filter(username=username).exists():
        raise Refusal(
            "accounts.taken",
            f"账号 {username} 已存在",
            f"The account {username} exists",
            "username",
        )
    password = new_password()
    values = {"username": username, "name": name, "role": role, **given(password)}
    change_row(Officer(), values, by=COMMAND_LINE, at=now())
    return password


def set_active(username: str, *, active: bool) -> None:
    """Let the account log in, or not; letting it in also clears a lock-out."""
    values: dict[str, object] = {"is_active": active}
    if active:
        values |= {"failures": 0, "locked_until": None}
    officer = change_row(find_account(username), values, by=COMMAND_LINE, at=now())
    if not active:
        end_sessions(officer.pk)


def find_account(username: str) -> Officer:
    """Return the account; refuses accounts.unknown."""
    officer = Officer.objects.filter(username=username).first()
    if officer is None:
        raise Refusal(
            "accounts.unknown", f"没有账号 {username}", f"No account {username}", "username"
        )
    return officer


def demonstration_code(username: str, at: datetime) -> str:
    """Return the present code of an account of the demonstration; refuses accounts.not_demo.

    Only the published secret of the demonstration's administrators gives codes here: an account
    that has set up its own is refused, and so is every account where people are real.
    """
    officer = find_account(username)
    sealed = officer.totp_sealed
    if is_synthetic() and sealed is not None:
        secret = open_secret(bytes(sealed), officer.pk, master_keys())
        if secret == TOTP_SECRET:
            return code_at(secret, max(step_of(at), officer.totp_step + 1))
    raise Refusal(
        "accounts.not_demo",
        "只有演示数据里的管理员能这样取验证码；其他人用自己的验证器",
        "Only administrators of the demonstration get a code this way; all others use their own",
        "username",
    )


def say_password(say: Say, username: str, password: str) -> None:
    """Print the password once; it is kept nowhere."""
    say(
        f"{username} 的密码（只显示一次）：{password}",
        f"Password of {username}, shown once: {password}",
    )
