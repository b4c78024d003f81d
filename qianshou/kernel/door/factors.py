"""Second factors (第二因素): setting one up, using its codes, taking it off."""

from datetime import datetime

from qianshou.kernel.access import Actor
from qianshou.kernel.door.registering import change_row, lock_row
from qianshou.kernel.door.turn import write_turn
from qianshou.kernel.login.codes import (
    matching_step,
    new_recovery_codes,
    open_secret,
    recovery_digest,
    seal_secret,
)
from qianshou.kernel.login.sessions import end_sessions
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Officer
from qianshou.kernel.registry.vault import master_key, master_keys

SET_UP, TAKEN_OFF = "启用第二因素", "重设第二因素"
RENEWED, RECOVERED = "换新恢复码", "用恢复码登录"


def wrong_code() -> Refusal:
    """Return the answer to a code that does not count now."""
    return Refusal(
        "factor.wrong",
        "验证码不对或已经用过；请等验证器显示下一个再输入",
        "This code is wrong or was used already; wait for the next one and enter that",
        "code",
    )


def set_up_factor(
    officer: Officer, secret: str, code: str, *, by: Actor, at: datetime, session: str | None
) -> list[str]:
    """Give an officer the second factor whose first code they show; return the recovery codes.

    Recovery codes are kept as digests only. All sessions but `session` end. Refuses factor.wrong.
    """
    step = matching_step(secret, code, at, 0)
    if step is None:
        raise wrong_code()
    codes = new_recovery_codes()
    values = {
        "totp_sealed": seal_secret(secret, officer.pk, master_key()),
        "totp_since": at,
        "totp_step": step,
        "recovery": [recovery_digest(one) for one in codes],
    }
    change_row(officer, values, by=by, at=at, reason=SET_UP)
    end_sessions(officer.pk, but=session)
    return codes


def take_off_factor(
    officer: Officer, *, by: Actor, at: datetime, session: str | None = None
) -> None:
    """Take an officer's second factor off; an administrator sets up a new one at the next log-in.

    All sessions but `session` end. Refuses factor.none where there is none.
    """
    if officer.totp_since is None:
        raise Refusal(
            "factor.none", "这个账号没有启用第二因素", "This account has no second factor", ""
        )
    nothing = {"totp_sealed": None, "totp_since": None, "totp_step": 0, "recovery": list[str]()}
    change_row(officer, nothing, by=by, at=at, reason=TAKEN_OFF)
    end_sessions(officer.pk, but=session)


def renew_recovery(officer: Officer, *, by: Actor, at: datetime) -> list[str]:
    """Give an officer new recovery codes and return them; the old ones count no more."""
    codes = new_recovery_codes()
    kept = [recovery_digest(one) for one in codes]
    change_row(officer, {"recovery": kept}, by=by, at=at, reason=RENEWED)
    return codes


def use_code(officer: Officer, code: str, *, by: Actor, at: datetime) -> str:
    """Return "totp" or "recovery", whichever code it is, and use it up; refuses factor.wrong.

    Of two who send the same code at once one is refused.
    """
    signs = "".join(code.split())
    if officer.totp_sealed is None:
        raise wrong_code()
    secret = open_secret(bytes(officer.totp_sealed), officer.pk, master_keys())
    step = matching_step(secret, signs, at, officer.totp_step)
    if step is not None:
        fresh = Officer.objects.filter(pk=officer.pk, totp_step__lt=step)
        if fresh.update(totp_step=step):
            return "totp"
        raise wrong_code()
    digest = recovery_digest(code)
    with write_turn():
        lock_row(officer)
        if digest not in officer.recovery:
            raise wrong_code()
        left = [one for one in officer.recovery if one != digest]
        change_row(officer, {"recovery": left}, by=by, at=at, reason=RECOVERED)
    return "recovery"
