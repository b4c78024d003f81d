"""Codes by the clock as RFC 6238 gives them, each once; recovery codes; secrets under seal."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qianshou.kernel.login.codes import (
    DRIFT,
    PERIOD,
    app_address,
    code_at,
    matching_step,
    new_recovery_codes,
    new_secret,
    open_secret,
    recovery_digest,
    seal_secret,
    step_of,
)
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.cipher import derive_key

RFC = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # "12345678901234567890", RFC 6238 appendix B
KEY = derive_key("a test's own")
INSTANTS = st.integers(10**9, 4 * 10**9).map(lambda second: datetime.fromtimestamp(second, UTC))


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"),
     (2000000000, "279037"), (20000000000, "353130")],
)  # fmt: skip
def test_the_codes_are_those_of_the_rfc(seconds: int, code: str) -> None:
    assert code_at(RFC, seconds // PERIOD) == code


@given(at=INSTANTS, late=st.integers(-3, 3))
def test_a_code_counts_one_step_early_and_late_and_never_twice(at: datetime, late: int) -> None:
    code = code_at(RFC, step_of(at))
    then = at + timedelta(seconds=late * PERIOD)
    found = matching_step(RFC, code, then, 0)
    if abs(late) <= DRIFT:
        assert found is not None
        assert code_at(RFC, found) == code
        # Two neighbouring steps may have the same six digits by chance; no used step comes again.
        again = matching_step(RFC, code, then, found)
        assert again is None or again > found
    elif found is not None:
        assert found != step_of(at)


@given(at=INSTANTS, code=st.text(max_size=8))
def test_anything_else_is_no_code(at: datetime, code: str) -> None:
    present = step_of(at)
    window = {code_at(RFC, present + away) for away in range(-DRIFT, DRIFT + 1)}
    assert (matching_step(RFC, code, at, 0) is not None) == (code in window)


def test_a_secret_opens_for_its_officer_alone() -> None:
    secret = new_secret()
    sealed = seal_secret(secret, 7, KEY)
    assert secret.encode() not in sealed
    assert open_secret(sealed, 7, [KEY]) == secret
    for officer, bytes_ in ((8, sealed), (7, sealed[:-1] + bytes([sealed[-1] ^ 1]))):
        with pytest.raises(Refusal) as refused:
            open_secret(bytes_, officer, [KEY])
        assert refused.value.code == "vault.tampered"


def test_the_apps_address_names_account_and_house() -> None:
    link = app_address(RFC, "sys_admin", "Qianshou")
    assert link.startswith("otpauth://totp/Qianshou:sys_admin?")
    assert f"secret={RFC}" in link


def test_recovery_codes_differ_and_are_read_however_they_are_written() -> None:
    codes = new_recovery_codes()
    assert len({recovery_digest(code) for code in codes}) == len(codes) == 10
    assert recovery_digest(codes[0].upper().replace("-", " ")) == recovery_digest(codes[0])
    assert not set("".join(codes)) & set("01loi")
