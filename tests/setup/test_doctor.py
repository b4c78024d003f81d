"""The doctor names what is missing and how to get it, and fails only for what is needed."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from qianshou import doctor
from qianshou.cli import say
from qianshou.demo.cast import PASSWORD
from qianshou.doctor import Finding
from qianshou.kernel.outbox.models import Parcel
from qianshou.kernel.outbox.parcels import MOST_TRIES
from qianshou.kernel.registry import cipher
from qianshou.kernel.registry.models import Officer
from qianshou.settings import read_secret

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


@pytest.mark.parametrize(
    ("change", "lacking"),
    [
        ({"DEBUG": True}, "Debug pages are off"),
        ({"ALLOWED_HOSTS": ["localhost", "qianshou.example"]}, "Public host names"),
        (
            {
                "ALLOWED_HOSTS": ["qianshou.example"],
                "SECURE": True,
                "ADDRESS": "http://127.0.0.1:8000",
            },
            "Links in mails",
        ),
    ],
)
def test_what_is_open_to_others_is_told(
    change: dict[str, Any], lacking: str, settings: Any
) -> None:
    settings.ALLOWED_HOSTS, settings.ADDRESS = ["localhost"], "https://qianshou.example"
    before = {finding.en for finding in doctor.look_at_exposure() if not finding.well}
    for name, value in change.items():
        setattr(settings, name, value)
    after = {finding.en for finding in doctor.look_at_exposure() if not finding.well}
    assert [told.startswith(lacking) for told in after - before] == [True]
    settings.SECURE, settings.DEBUG, settings.ADDRESS = True, False, "https://qianshou.example"
    assert {f.en for f in doctor.look_at_exposure() if not f.well} <= before


def test_secrets_beside_the_data_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def lacking() -> list[str]:
        return [f.en for f in doctor.look_at_exposure() if "apart" in f.en and not f.well]

    for name in ("QIANSHOU_SECRET_KEY", "QIANSHOU_VAULT_KEY"):
        monkeypatch.delenv(name, raising=False)
    assert len(lacking()) == 2
    monkeypatch.setenv("QIANSHOU_SECRET_KEY", "x")
    kept = tmp_path / "vault"
    kept.write_text("a secret of a file\n")
    monkeypatch.setenv("QIANSHOU_VAULT_KEY_FILE", str(kept))
    assert lacking() == []
    assert read_secret("vault_key") == "a secret of a file"


def test_the_demonstrations_password_is_told() -> None:
    assert doctor.look_at_passwords().well
    Officer.objects.create_user("zhang_min", PASSWORD, name="张敏")
    assert not doctor.look_at_passwords().well
    Officer.objects.update(is_active=False)
    assert doctor.look_at_passwords().well


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
