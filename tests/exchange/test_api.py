"""What an officer's page shows and does, for a program: the same rights, the same refusals."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from qianshou.exchange.api import calling
from qianshou.exchange.models import Opened
from qianshou.kernel.access import actor_of
from qianshou.kernel.clock import now
from qianshou.kernel.ledger.read import entries_of
from qianshou.kernel.limits.counting import Limit
from qianshou.kernel.registry.models import Circle, Division, Officer
from qianshou.kernel.tokens.models import Token
from qianshou.kernel.worklist.models import Matter
from tests.exchange.conftest import Program
from tests.odd_calls import try_every_call
from tests.office.calls import TRIAGE, open_task, register_call, village_of
from tests.portal.test_story import photo

Browse = Callable[[str], Client]
Give = Callable[..., Program]
CALL = {
    "source": "110",
    "summary": "夜间施工噪声扰民",
    "place": {"division": "", "address": "文化广场旁"},
    "text": "连续三晚",
    "caller": {"name": "王芳", "phone": "10000000001"},
}


def call(**changed: Any) -> dict[str, Any]:
    return {**CALL, "place": {"division": village_of(), "address": "文化广场旁"}, **changed}


def opened(program: Program, **changed: Any) -> Matter:
    answer = program.post("/matters", start="police.gate/register", facts=call(**changed))
    assert answer.status_code == 201, answer.content.decode()
    return Matter.objects.get(number=answer.json()["number"])


def test_a_program_opens_a_matter_and_does_its_tasks(program: Give) -> None:
    seat = program("zhang_min")
    matter = opened(seat)
    (row,) = seat.get("/tasks").json()["rows"]
    assert (row["number"], row["title"]) == (matter.number, "夜间施工噪声扰民")
    assert seat.post(f"/tasks/{row['id']}/claim").json()["tasks"] == [row["id"]]
    told = seat.get(f"/tasks/{row['id']}").json()
    assert {"kind", "category", "lead"} <= {field["id"] for field in told["form"]["fields"]}
    after = seat.post(f"/tasks/{row['id']}/complete", facts=TRIAGE).json()
    assert after["tasks"] == [open_task(matter.pk).pk]
    back = seat.get(f"/tasks/{after['tasks'][0]}").json()["targets"]
    assert [one["step"] for one in back] == [told["step"]]
    returned = seat.post(f"/tasks/{after['tasks'][0]}/return", target=told["step"], reason="填错了")
    assert returned.status_code == 200, returned.content.decode()
    entries = entries_of(matter.number)
    assert [one["act"] for one in entries] == ["open", "claim", "complete", "return"]
    assert all(one["by"]["name"].startswith("张敏（") for one in entries)


def test_an_opening_sent_twice_under_one_key_opens_one_matter(program: Give) -> None:
    seat, other = program("zhang_min"), program("zhang_min", ["open", "list"])
    body = json.dumps({"start": "police.gate/register", "facts": call()})

    def sent(by: Program, key: str) -> str:
        headers = {**by.headers, "Idempotency-Key": key}
        answer = by.client.post("/api/v1/matters", body, "application/json", headers=headers)
        assert answer.status_code == 201
        return str(answer.json()["number"])

    first = sent(seat, "a-1")
    assert sent(seat, "a-1") == first
    assert len({first, sent(seat, "a-2"), sent(other, "a-1")}) == 3
    with pytest.raises(IntegrityError, match=r"opened_once|exchange_opened"), transaction.atomic():
        kept = Opened.objects.filter(key="a-1").order_by("pk")[0]
        Opened.objects.create(token=kept.token, key="a-1", matter=kept.matter)


def test_too_many_calls_are_told_how_long_to_wait(
    program: Give, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calling, "CALLS", Limit("api", 2, timedelta(minutes=10)))
    seat = program("zhang_min")
    assert [seat.get("/tasks").status_code for _ in range(3)] == [200, 200, 429]
    assert int(seat.get("/tasks").headers["Retry-After"]) > 0


def test_a_matter_is_told_without_what_is_sealed(program: Give) -> None:
    seat = program("zhang_min")
    matter = opened(seat)
    answer = seat.get(f"/matters/{matter.number}")
    assert not [word for word in ("王芳", "10000000001") if word in answer.content.decode()]
    told = {fact["id"]: fact for fact in answer.json()["facts"]}
    assert (told["caller"]["value"], told["caller"]["sealed"]) == (None, True)
    assert told["summary"]["value"] == matter.title
    (entry,) = answer.json()["timeline"]
    assert (entry["act"], entry["by_kind"]) == ("open", "officer")


def test_reading_a_person_is_written_down_first(program: Give) -> None:
    seat = program("zhang_min")
    matter = opened(seat)
    path = f"/matters/{matter.number}/disclose"
    assert seat.post(path, fact="caller", purpose="").json()["code"] == "door.purpose"
    answer = seat.post(path, fact="caller", purpose="回电核实")
    assert answer.json()["fields"] == {"name": "王芳", "phone": "10000000001"}
    last = entries_of(matter.number)[-1]
    assert (last["act"], last["purpose"]) == ("disclose", "回电核实")


def test_what_the_seat_may_not_see_is_as_if_it_were_not(program: Give, browse: Browse) -> None:
    matter = Matter.objects.get(pk=register_call(browse("zhang_min")))
    task = open_task(matter.pk).pk
    stranger = program("tang_li")
    assert stranger.get(f"/matters/{matter.number}").status_code == 404
    assert stranger.get(f"/tasks/{task}").json()["code"] == "door.no_task"
    assert stranger.post(f"/tasks/{task}/claim").status_code == 404
    seat = program("zhang_min")
    assert seat.get(f"/matters/{matter.number}").status_code == 200
    Matter.objects.filter(pk=matter.pk).update(circle=Circle.objects.create(about="police.gate"))
    assert seat.get("/tasks").json()["rows"] == []
    for answer in (
        seat.get(f"/matters/{matter.number}"),
        seat.get(f"/tasks/{task}"),
        seat.post(f"/tasks/{task}/complete", facts=TRIAGE),
        seat.post(f"/matters/{matter.number}/disclose", fact="caller", purpose="看"),
    ):
        there_is_none = seat.get("/matters/LD-19000101-0001").json()["status"]
        assert answer.status_code == there_is_none == 404


def test_refusals_are_problem_documents_in_both_languages(program: Give) -> None:
    seat = program("zhang_min")
    answer = seat.post("/matters", start="police.gate/register", facts=call(summary="", source="x"))
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    told = answer.json()
    assert {one["field"] for one in told["errors"]} == {"summary", "source"}
    first = next(one for one in told["errors"] if one["field"] == "summary")
    assert first["code"] == "form.required"
    assert "请填写" in first["zh"]
    assert "fill" in first["en"]


@pytest.mark.parametrize(
    ("facts", "code", "field"),
    [
        ({"caller": {"person": 1}}, "api.person", "caller"),
        ({"caller": "王芳"}, "api.person", "caller"),
        ({"colour": "red"}, "api.unknown", "colour"),
    ],
)
def test_a_form_takes_no_more_than_its_page_does(
    program: Give, facts: dict[str, Any], code: str, field: str
) -> None:
    answer = program("zhang_min").post(
        "/matters", start="police.gate/register", facts=call(**facts)
    )
    assert answer.status_code == 422
    assert (answer.json()["code"], answer.json()["field"]) == (code, field)
    assert not Matter.objects.exists()


def test_photos_come_by_the_mark_that_was_given_for_them(program: Give) -> None:
    seat, desk = program("zhang_min"), program("tang_li")
    matter = opened(seat)
    for facts in (TRIAGE, {"informed": "spoken", "told": "已转办"}):
        done = seat.post(f"/tasks/{open_task(matter.pk).pk}/complete", facts=facts)
        assert done.status_code == 200, done.content.decode()
    desk.post(f"/tasks/{open_task(matter.pk).pk}/complete", facts={"sign": "accept"})
    file = SimpleUploadedFile("p.jpg", photo(), "image/jpeg")
    kept = desk.client.post("/api/v1/photos", {"file": file}, headers=desk.headers).json()["mark"]
    path = f"/tasks/{open_task(matter.pk).pk}/complete"
    facts = {"need": "none", "result": "已修好"}
    refused = desk.post(path, facts={**facts, "evidence": ["a" * 64]})
    assert refused.json()["code"] == "api.photos"
    assert desk.post(path, facts={**facts, "evidence": [kept]}).status_code == 200


@pytest.mark.parametrize(
    ("path", "asked", "code", "status"),
    [
        ("/tasks", {"list": "everybody"}, "api.list", 422),
        ("/tasks", {"after": "soon"}, "api.after", 422),
        ("/tasks", {"size": 0}, "api.field", 422),
        ("/tasks/0", {}, "api.field", 422),
        ("/indicators/police.gate/none", {}, "indicator.unknown", 404),
        ("/indicators/police.gate/calls", {"first_day": "2031-01-01"}, "api.days", 422),
        ("/indicators/police.gate/calls", {"town": "0"}, "api.town", 422),
        ("/matters/none/documents/" + "a" * 64, {}, "door.no_matter", 404),
    ],
)
def test_what_cannot_be_meant_is_refused(
    program: Give, path: str, asked: dict[str, Any], code: str, status: int
) -> None:
    answer = program("zhang_min").get(path, **asked)
    assert (answer.json()["code"], answer.status_code) == (code, status)


def test_a_scope_that_is_not_given_is_not_used(program: Give) -> None:
    reader = program("zhang_min", ["list"])
    assert reader.get("/tasks").status_code == 200
    for answer in (
        reader.get("/matters/x"),
        reader.get("/starts"),
        reader.get("/indicators"),
        reader.get("/registry/divisions"),
        reader.post("/tasks/1/claim"),
        reader.post("/matters", start="police.gate/register", facts={}),
        reader.post("/matters/x/disclose", fact="caller", purpose="看"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "api.scope")


def test_without_a_token_that_works_nothing_is_told(program: Give) -> None:
    seat = program("zhang_min")
    assert seat.client.get("/api/v1/tasks").status_code == 401
    bad = Program("qs_wrong", Client())
    assert bad.get("/tasks").json()["code"] == "api.token"
    for _ in range(30):
        bad.get("/tasks")
    limited = bad.get("/tasks")
    assert limited.status_code == 429
    assert int(limited.headers["Retry-After"]) > 0
    assert seat.get("/tasks").status_code == 200  # behind the same address
    Token.objects.update(revoked_at=now())
    assert seat.get("/tasks").status_code == 429


def test_a_narrowed_token_does_not_use_the_officers_other_seats(program: Give) -> None:
    officer = Officer.objects.get(username="zhang_min")
    seat = actor_of(officer, now()).seats[0]
    narrowed = program("zhang_min", seat=(seat.organisation, seat.post))
    assert narrowed.get("/me").json()["seats"] == [f"{seat.organisation_code}/{seat.post}"]


def test_a_way_in_that_is_not_for_the_seat_is_refused(program: Give) -> None:
    desk = program("tang_li")
    answer = desk.post("/matters", start="police.gate/cause", facts={})
    assert (answer.status_code, answer.json()["code"]) == (403, "access.denied")
    assert desk.post("/matters", start="police.gate/none", facts={}).status_code == 404
    assert "police.gate/register" in str(program("zhang_min").get("/starts").json())


def test_a_file_is_given_out_as_a_download(program: Give, browse: Browse) -> None:
    seat = program("zhang_min")
    matter = opened(seat)
    file = SimpleUploadedFile("现场.jpg", photo(), "image/jpeg")
    browse("zhang_min").post(f"/m/{matter.pk}/attach/", {"files": [file]})
    (told,) = seat.get(f"/matters/{matter.number}").json()["documents"]
    answer = seat.get(f"/matters/{matter.number}/documents/{told['digest']}")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert seat.get(f"/matters/{matter.number}/documents/{'0' * 64}").status_code == 404


def test_a_figure_comes_with_the_records_it_counts(program: Give) -> None:
    seat = program("zhang_min")
    opened(seat)
    assert "calls" in {one["key"] for one in seat.get("/indicators").json()}
    told = seat.get("/indicators/police.gate/calls").json()
    assert (told["value"], told["records"]) == (1, 1)
    trace = told["trace"].removeprefix("http://testserver")
    client = Client()
    client.force_login(Officer.objects.get(username="zhang_min"))
    assert client.get(trace).status_code == 200


def test_lists_are_paged_by_key(program: Give) -> None:
    seat = program("zhang_min")
    numbers = {opened(seat).number for _ in range(3)}
    first = seat.get("/tasks", size=2).json()
    rest = seat.get("/tasks", size=2, after=first["after"]).json()
    assert {row["number"] for row in first["rows"] + rest["rows"]} == numbers
    assert rest["after"] == ""
    for path in ("/registry/divisions", "/registry/organisations"):
        page = seat.get(path, size=3).json()
        following = seat.get(path, size=3, after=page["after"]).json()
        assert page["rows"][-1]["id"] == page["after"] < following["rows"][0]["id"]


def test_a_list_is_narrowed_as_on_the_page(program: Give) -> None:
    seat = program("zhang_min")
    one, other = opened(seat), opened(seat, summary="路灯不亮")

    def numbers(**asked: str) -> set[str]:
        return {row["number"] for row in seat.get("/tasks", **asked).json()["rows"]}

    town = Division.objects.get(name="龙水镇").code
    assert numbers() == numbers(town=town) == {one.number, other.number}
    assert numbers(q="路灯") == {other.number}
    assert numbers(procedure="police.gate.cause") == numbers(town="0") == set()
    assert numbers(list="late") == set()
    assert numbers(list="organisation", procedure="police.gate") == {one.number, other.number}


def test_the_number_of_queries_does_not_grow_with_the_list(program: Give) -> None:
    seat = program("zhang_min")

    def asked(path: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert seat.get(path).status_code == 200
        return len(queries)

    number = opened(seat).number
    for path in ("/tasks", f"/matters/{number}"):
        asked(path)  # what a process asks once and keeps, it asks here
    few = [asked(path) for path in ("/tasks", f"/matters/{number}")]
    for _ in range(3):
        opened(seat)
    assert [asked(path) for path in ("/tasks", f"/matters/{number}")] == few
    assert max(few) <= 16


def test_bodies_that_no_database_can_hold_are_refused(program: Give) -> None:
    seat = program("zhang_min")
    for body in ('{"start": "a\\u0000b", "facts": {}}', '{"start": "\\ud800", "facts": {}}', "{"):
        answer = seat.client.post("/api/v1/matters", body, "application/json", headers=seat.headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "api.json")


def test_odd_calls_break_nothing_and_are_answered_as_described(
    application: Any, program: Give, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qianshou.exchange.api.calling.spend", lambda *_: None)
    seat = program("zhang_min")
    opened(seat)
    number = try_every_call("/api/v1/openapi.json", application, examples=3, headers=seat.headers)
    assert number == 16
