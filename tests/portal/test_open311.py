"""Open311 GeoReport v2: in both formats, with a client library of others, and under fuzzing."""

import importlib
import itertools
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from lxml import etree

from qianshou.kernel.access import Actor, actor_of
from qianshou.kernel.clock import day_of, now
from qianshou.kernel.ledger.read import entries_of
from qianshou.kernel.limits.counting import Limit
from qianshou.kernel.limits.models import Allowance
from qianshou.kernel.registry.models import Circle, Division, Officer
from qianshou.kernel.tokens.keeping import issue_token, revoke_token
from qianshou.kernel.worklist.models import Matter
from qianshou.portal.open311 import answers
from tests.odd_calls import try_every_call
from tests.office.calls import register_call, village_of
from tests.portal.test_story import photo

Browse = Callable[[str], Client]
ROOT = "/r/open311/v2"
CODE = "police.gate.report"


def submit(client: Client, ending: str = "json", **changed: Any) -> Any:
    sent = {
        "service_code": CODE,
        "description": "步道护栏松动\n栏杆快掉了，孩子常走",
        "address_string": "河边",
        "address_id": village_of(),
        "first_name": "芳",
        "last_name": "王",
        "phone": "10000000001",
        **changed,
    }
    return client.post(f"{ROOT}/requests.{ending}", sent)


def submitted(client: Client, **changed: Any) -> str:
    answer = submit(client, **changed)
    assert answer.status_code == 200, answer.content.decode()
    return str(answer.json()[0]["service_request_id"])


def texts(answer: Any) -> str:
    return " ".join(one["description"] for one in answer.json())


def test_a_request_becomes_a_matter_as_if_the_page_had_sent_it(browse: Browse) -> None:
    client = browse("")
    sent = SimpleUploadedFile("p.jpg", photo(), "image/jpeg")
    number = submitted(client, media=sent, **{"attribute[at_risk]": "true"})
    matter = Matter.objects.get(number=number)
    facts = json.loads(matter.state)["facts"]
    assert matter.title == "步道护栏松动"
    assert facts["text"].endswith("孩子常走")
    assert facts["place"] == {"division": village_of(), "address": "河边"}
    assert facts["at_risk"] is True
    assert len(facts["photos"]) == 1
    assert set(facts["caller"]) == {"person"}
    (opened,) = entries_of(number)
    assert (opened["by"]["kind"], opened["facts"]["via"]) == ("resident", "open311")


def test_the_receipt_in_the_notice_follows_the_matter(browse: Browse) -> None:
    client = browse("")
    told = submit(client).json()[0]
    code = told["service_notice"].split()[1].partition("：")[0]
    address = client.post("/r/f/", {"code": code}).headers["Location"]
    assert told["service_request_id"] in client.get(address).content.decode()
    (answered,) = client.get(f"{ROOT}/tokens/{code}.json").json()
    assert answered["service_request_id"] == told["service_request_id"]
    assert client.get(f"{ROOT}/tokens/AAAA-AAAA-AA.xml").status_code == 404


def test_the_public_learns_neither_words_nor_place_nor_name(browse: Browse) -> None:
    client = browse("")
    number = submitted(client)
    for address in (f"{ROOT}/requests/{number}.json", f"{ROOT}/requests.json"):
        text = client.get(address).content.decode()
        assert number in text
        assert not [word for word in ("护栏", "河边", "王芳", "10000000001") if word in text]
    (told,) = client.get(f"{ROOT}/requests/{number}.json").json()
    assert (told["status"], told["lat"], told["description"]) == ("open", None, None)


def test_neither_officers_calls_nor_matters_in_a_circle_are_told(browse: Browse) -> None:
    client = browse("")
    kept = Matter.objects.get(pk=register_call(browse("zhang_min"))).number
    hidden = submitted(client)
    Matter.objects.filter(number=hidden).update(circle=Circle.objects.create(about="police.gate"))
    assert client.get(f"{ROOT}/requests.json").json() == []
    for number in (kept, hidden, "LD-19000101-0001"):
        assert client.get(f"{ROOT}/requests/{number}.json").status_code == 404


def test_what_does_not_exist_and_what_is_hidden_are_answered_alike(browse: Browse) -> None:
    """By number and by receipt: one status, one sentence, and the same count against guessing."""
    client = browse("")
    told = submit(client).json()[0]
    number = told["service_request_id"]
    code = told["service_notice"].split()[1].partition("：")[0]
    Matter.objects.filter(number=number).update(circle=Circle.objects.create(about="police.gate"))
    for kind, hidden, missing in (
        ("requests", number, "LD-19000101-0001"), ("tokens", code, "AAAA-AAAA-AA"),
    ):  # fmt: skip
        answers = []
        for asked in (hidden, missing):
            before = sum(Allowance.objects.values_list("count", flat=True))
            answer = client.get(f"{ROOT}/{kind}/{asked}.json")
            spent = sum(Allowance.objects.values_list("count", flat=True)) - before
            text = answer.content.decode().replace(asked, "")
            answers.append((answer.status_code, text, spent))
        assert answers[0] == answers[1]
        assert answers[0][0] == 404


def test_both_formats_tell_the_same(browse: Browse) -> None:
    client = browse("")
    number = submitted(client)
    for path, one in (
        ("services", "service"), ("requests", "request"), (f"requests/{number}", "request"),
    ):  # fmt: skip
        told = client.get(f"{ROOT}/{path}.json").json()
        answer = client.get(f"{ROOT}/{path}.xml")
        assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
        rows = etree.fromstring(answer.content).findall(one)
        as_text = [{key: str(value or "") for key, value in row.items()} for row in told]
        as_read = [{child.tag: child.text or "" for child in row} for row in rows]
        assert [{**row, "metadata": ""} for row in as_read] == [
            {**row, "metadata": ""} for row in as_text
        ]
    definition = etree.fromstring(client.get(f"{ROOT}/services/{CODE}.xml").content)
    codes = [one.text for one in definition.findall("attributes/attribute/code")]
    assert codes == ["summary", "place", "text", "at_risk"]
    discovered = etree.fromstring(client.get(f"{ROOT}/discovery.xml").content)
    assert discovered.findtext("endpoints/endpoint/url") == f"http://testserver{ROOT}"


def test_a_place_without_a_code_lies_in_the_nearest_town(browse: Browse) -> None:
    client = browse("")
    town = Division.objects.get(name="龙水镇")
    sent = {"address_id": "", "long": str(town.longitude), "lat": str(town.latitude)}
    number = submitted(client, **sent)
    assert Matter.objects.get(number=number).division == town
    assert "不在本区" in texts(submit(client, address_id="", long="116.4", lat="39.9"))


@pytest.mark.parametrize(
    ("changed", "code", "said"),
    [
        ({"service_code": ""}, 400, "service_code"),
        ({"service_code": "police.gate.register"}, 404, "police.gate.register"),
        ({"jurisdiction_id": "elsewhere.gov"}, 404, "elsewhere.gov"),
        ({"api_key": "qs_nonsense"}, 403, "api_key"),
        ({"address_id": ""}, 400, "place: 地点"),
        ({"description": ""}, 400, "summary: 一句话说明"),
        ({"phone": "电话"}, 400, "caller: "),
        ({"attribute[colour]": "red"}, 400, "colour"),
        ({"lat": "up", "long": "down"}, 400, "place: "),
        ({"lat": "nan", "long": "inf", "address_id": ""}, 400, "place: "),
        ({"media": SimpleUploadedFile("x.jpg", b"GIF89a" + b"\0" * 99)}, 400, "photos: "),
    ],
)
def test_what_is_wrong_is_said_in_the_standards_form(
    browse: Browse, changed: dict[str, Any], code: int, said: str
) -> None:
    answer = submit(browse(""), **changed)
    assert answer.status_code == code
    assert {one["code"] for one in answer.json()} == {code}
    assert said in texts(answer)
    assert Matter.objects.count() == 0


def test_errors_come_in_xml_and_in_english_too(browse: Browse) -> None:
    answer = browse("").get(f"{ROOT}/services/none.xml", headers={"Accept-Language": "en"})
    errors = etree.fromstring(answer.content)
    assert (answer.status_code, errors.tag) == (404, "errors")
    assert errors.findtext("error/description") == "There is no service_code none"
    for call in ("services.yaml", "services/x.%0a", "anything"):
        answer = browse("").get(f"{ROOT}/{call}")
        assert (answer.status_code, answer.json()[0]["code"]) == (404, 404)


def test_lists_are_narrowed_by_what_the_standard_names(browse: Browse) -> None:
    client = browse("")
    first, second = submitted(client), submitted(client)
    Matter.objects.filter(number=second).update(closed_at=now(), outcome="done")

    def numbers(**asked: str) -> list[str]:
        answer = client.get(f"{ROOT}/requests.json", asked)
        assert answer.status_code == 200, answer.content.decode()
        return [one["service_request_id"] for one in answer.json()]

    assert numbers() == [second, first]
    assert numbers(status="open") == [first]
    assert numbers(status="closed") == [second]
    assert numbers(status="open,closed", page_size="1") == [second]
    assert numbers(service_request_id=f"{first},nothing") == [first]
    assert numbers(service_code=CODE) == [second, first]
    past = (now() - timedelta(days=30)).isoformat()
    assert numbers(end_date=past) == []
    assert numbers(start_date=past) == [second, first]


@pytest.mark.parametrize(
    "asked",
    [
        {"status": "lost"},
        {"start_date": "yesterday"},
        {"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-04-02T00:00:00Z"},
        {"start_date": "2026-02-01T00:00:00Z", "end_date": "2026-01-01T00:00:00Z"},
        {"end_date": "0001-01-01T00:00:00Z"},
    ],
)
def test_a_filter_that_cannot_be_meant_is_refused(browse: Browse, asked: dict[str, str]) -> None:
    assert browse("").get(f"{ROOT}/requests.json", asked).status_code == 400


def test_the_number_of_queries_does_not_grow_with_the_list(browse: Browse) -> None:
    client = browse("")

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get(f"{ROOT}/requests.json")
        return len(queries)

    submitted(client)
    few = asked()
    for _ in range(4):
        submitted(client)
    assert asked() == few <= 8


def test_calls_are_limited_by_address(browse: Browse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "CALLS", Limit("open311", 2, timedelta(minutes=10)))
    client = browse("")
    codes = [client.get(f"{ROOT}/services.xml").status_code for _ in range(3)]
    assert codes == [200, 200, 429]


def admin() -> Actor:
    return actor_of(Officer.objects.get(role="system"), now())


def test_a_key_lets_a_program_pass_on_more_than_one_address_may(browse: Browse) -> None:
    client, day = browse(""), day_of(now()) + timedelta(days=30)
    token, key = issue_token("城市助手", ["open311"], day, by=admin(), at=now())
    for _ in range(10):
        submitted(client)
    limited = submit(client)
    assert limited.status_code == 429
    assert int(limited.headers["Retry-After"]) <= 3600
    submitted(client, api_key=key)
    revoke_token(token, by=admin(), at=now())
    assert submit(client, api_key=key).status_code == 403


@pytest.mark.filterwarnings("ignore")
def test_the_client_library_of_others_can_do_it_all(
    served: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`three` was written for Python 2: it lacks but one name of the standard library."""
    monkeypatch.setattr(itertools, "ifilter", filter, raising=False)
    three = importlib.import_module("three")
    for ending in ("json", "xml"):
        client = three.Three(f"{served}{ROOT}", format=ending)
        if ending == "xml":  # its own reading of XML needs Python 2
            monkeypatch.setattr(client, "convert", lambda content, _: etree.fromstring(content))
        found = client.discovery()
        address = found.findtext(".//url") if ending == "xml" else found["endpoints"][0]["url"]
        assert address == f"{served}{ROOT}"
        assert CODE in str(client.services()) or client._request.text.count(CODE) == 1
        assert client.services(CODE) is not None
    client = three.Three(f"{served}{ROOT}", jurisdiction=Division.objects.get(kind="district").code)
    (told,) = client.post(
        CODE, description="路灯不亮", address="文化路", address_id=village_of(), name="芳 王",
        phone="10000000001",
    )  # fmt: skip
    number = told["service_request_id"]
    assert [one["service_request_id"] for one in client.requests(CODE)] == [number]
    assert client.request(number)[0]["status"] == "open"
    assert client.requests(CODE, start="01-01-2020", end="02-01-2020") == []
    code = told["service_notice"].split()[1].partition("：")[0]
    assert client.token(code)[0]["service_request_id"] == number


def test_odd_calls_break_nothing_and_are_answered_as_described(
    application: Any, browse: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qianshou.portal.open311.answers.spend", lambda *_: None)
    submitted(browse(""))
    assert try_every_call(f"{ROOT}/openapi.json", application, examples=4) == 7
