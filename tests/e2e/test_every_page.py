"""Every page at two widths, in two languages and themes: accessible, not too wide, its own."""

import pytest

from tests.e2e.conftest import Visit, faults_of

OFFICER = (
    "/",
    "/?list=organisation",
    "/?q=没有这样的",
    "/m/",
    "/open/police.gate/register/",
    "/open/police.gate/register/sheet/",
    "/notices/",
    "/me/",
    "/x/mine/",
    "/procedures/",
    "/procedures/police.gate/",
    "/indicators/",
    "/indicators/police.gate/calls/",
    "/indicators/police.gate/on_time/",
    "/indicators/police.gate/calls/records/",
    "/campaigns/",
    "/registry/",
    "/registry/divisions/",
    "/registry/divisions/?state=all",
    "/registry/divisions/row/2/",
    "/registry/shifts/",
    "/registry/catalogues/",
    "/registry/calendar/",
)
CARE = {
    "lin_yue": (
        "/p/care/", "/p/care/report/", "/p/care/report/receipt/", "/p/care/hazards/",
        "/p/care/hazards/new/", "/p/care/wishboard/", "/p/care/namesheets/",
        "/p/care/namesheets/new/", "/more/",
    ),
    "deng_hong": (
        "/p/care/enrol/", "/p/care/enrol/new/", "/p/care/pledges/", "/p/care/month/",
        "/p/care/pairing/", "/p/care/rounds/", "/p/care/samples/",
    ),
    "zhou_jie": (
        "/p/care/", "/p/care/rounds/", "/p/care/pairing/", "/p/care/month/", "/p/care/samples/",
        "/campaigns/1/", "/indicators/?pack=commission.care",
        "/indicators/commission.care/visits/?from=2024-01-01&to=2024-12-31",
        "/indicators/commission.care/visits/records/?from=2024-01-01&to=2024-12-31",
    ),
}  # fmt: skip
ADMINISTRATOR = (
    "/registry/divisions/new/",
    "/registry/divisions/import/",
    "/registry/organisations/row/1/",
    "/registry/posts/",
    "/x/tokens/",
    "/x/robots/",
)
RESIDENT = (
    "/login/",
    "/r/",
    "/r/say/police.gate/report/",
    "/r/f/",
    "/r/privacy/",
    "/p/care/wishes/",
)
LOOKS = [
    ("zh-hans", 1440, "light"),
    ("en", 1440, "dark"),
    ("zh-hans", 390, "dark"),
    ("en", 390, "light"),
]


@pytest.mark.parametrize(("language", "width", "theme"), LOOKS)
def test_officers_pages(visit: Visit, language: str, width: int, theme: str) -> None:
    page = visit("/", username="zhang_min", language=language, width=width, theme=theme)
    site = page.url.rstrip("/")
    faults = []
    for path in OFFICER:
        answer = page.goto(site + path)
        assert answer is not None
        assert answer.status == 200, path
        faults += faults_of(page)
    page.goto(f"{site}/m/")
    page.locator("a.ttl").first.click()
    page.wait_for_selector(".bpmn")
    faults += faults_of(page)
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("username", CARE)
@pytest.mark.parametrize(("language", "width", "theme"), LOOKS)
def test_the_pages_of_care(
    visit: Visit, language: str, width: int, theme: str, username: str
) -> None:
    page = visit("/", username=username, language=language, width=width, theme=theme)
    site = page.url.rstrip("/")
    faults = []
    for path in CARE[username]:
        answer = page.goto(site + path)
        assert answer is not None
        assert answer.status == 200, path
        faults += faults_of(page)
    page.goto(f"{site}/p/care/")
    page.locator("main a[href^='/p/care/c/H-']").first.click()
    page.wait_for_selector("h1")
    faults += faults_of(page)
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(("language", "width", "theme"), LOOKS)
def test_residents_pages(visit: Visit, language: str, width: int, theme: str) -> None:
    page = visit("/login/", language=language, width=width, theme=theme)
    site = page.url.removesuffix("/login/")
    faults = []
    for path in RESIDENT:
        page.goto(site + path)
        faults += faults_of(page)
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("width", [1440, 390])
def test_the_administrators_pages(visit: Visit, width: int) -> None:
    page = visit("/registry/", username="sys_admin", width=width)
    site = page.url.removesuffix("/registry/")
    faults = []
    for path in ADMINISTRATOR:
        answer = page.goto(site + path)
        assert answer is not None
        assert answer.status == 200, path
        faults += faults_of(page)
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(("language", "width", "theme"), LOOKS)
def test_the_security_administrators_pages(
    visit: Visit, language: str, width: int, theme: str
) -> None:
    page = visit("/alerts/", username="sec_admin", language=language, width=width, theme=theme)
    site = page.url.removesuffix("/alerts/")
    faults = []
    for path in ("/alerts/", "/disclosures/", "/disclosures/?from=no&refused=1"):
        page.goto(site + path)
        faults += faults_of(page)
    assert not faults, "\n".join(faults)


def test_the_auditors_pages(visit: Visit) -> None:
    faults = faults_of(visit("/audit/deposit/", username="audit_admin"))
    page = visit("/audit/", username="audit_admin")
    faults += faults_of(page)
    page.click("main form button.p")
    page.wait_for_selector("#result")
    assert "核验一致" in page.locator("#result").inner_text()
    assert not faults, "\n".join(faults)
