"""The doctor names what is missing and how to get it, and fails only for what is needed."""

from datetime import datetime

import pytest

from qianshou import doctor
from qianshou.cli import say
from qianshou.doctor import Finding
from qianshou.kernel.outbox.models import Parcel
from qianshou.kernel.outbox.parcels import MOST_TRIES
from qianshou.kernel.registry import cipher

pytestmark = pytest.mark.django_db


def test_every_finding_that_is_not_well_has_a_remedy() -> None:
    findings = list(doctor.look())
    assert len(findings) > 8
    assert all(finding.remedy for finding in findings if not finding.well)


def test_the_migrated_test_database_is_found_well() -> None:
    assert all(finding.well for finding in doctor.look_at_database())


@pytest.mark.parametrize(("needed", "code"), [(True, 1), (False, 0)])
def test_only_what_is_needed_makes_the_doctor_fail(
    needed: bool,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    lacking = Finding("字体", "A font", False, "apt-get install fonts-noto-cjk", needed)
    monkeypatch.setattr(doctor, "look", lambda: iter([lacking]))
    assert doctor.examine(say=say) == code
    assert "apt-get install fonts-noto-cjk" in capsys.readouterr().out


def test_parcels_laid_aside_are_shown(at: datetime) -> None:
    assert doctor.look_at_outbox().well
    Parcel.objects.create(
        key="notice/1", kind="notice", facts={}, made_at=at, due_at=at, tries=MOST_TRIES
    )
    finding = doctor.look_at_outbox()
    assert not finding.well
    assert "notice" in finding.remedy


@pytest.mark.parametrize(("name", "given"), [("HASH", "sm3"), ("CIPHER", "sm4")])
def test_what_the_machine_supports_is_said_and_what_it_lacks_is_needed(
    name: str, given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"qianshou.settings.{name}", given)
    told = [finding for finding in doctor.look_at_cryptography() if given in finding.en]
    assert [finding.well for finding in told] == [True]
    assert "supports" in told[0].en
    monkeypatch.setattr("hashlib.algorithms_available", {"sha256"})
    monkeypatch.delitem(cipher.NAMES, "sm4")
    assert not all(finding.well for finding in doctor.look_at_cryptography())
