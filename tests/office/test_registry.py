"""The registry's pages: lists, forms, history, and who may do what."""

from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from qianshou.kernel.door.registering import history_of
from qianshou.kernel.registry.models import (
    CalendarDay,
    Division,
    Officer,
    Organisation,
    Post,
    Posting,
)
from qianshou.kernel.registry.workdays import work_calendar
from qianshou.office.registry.tables import TABLES
from tests.office.town import DAY, Town, make, page, send, sought


@pytest.fixture
def town(db: None) -> Town:
    return Town()


# Lists


def test_every_table_opens_for_everybody_and_only_its_keepers_may_change_it(town: Town) -> None:
    keepers = {
        "system": {"divisions", "organisations", "posts", "catalogues", "calendar", "years"},
        "security": {"officers", "postings"},
        "audit": set(),
        "zhang": set(),
        "luo": {"shifts"},
    }
    for who, tables in keepers.items():
        client = town.client(getattr(town, who))
        assert page(client, "registry").count("可维护") == len(tables)
        for key in TABLES:
            shown = page(client, "registry-list", key)
            assert (reverse("registry-new", args=[key]) in shown) == (key in tables)
            page(client, "registry-new", key, expected=200 if key in tables else 403)


def test_a_stranger_is_asked_to_log_in(town: Town) -> None:
    assert Client().get(reverse("registry")).status_code == 302


def test_an_unknown_table_or_row_is_not_there(town: Town) -> None:
    client = town.client(town.zhang)
    page(client, "registry-list", "persons", expected=404)
    for pk in ("999", "abc", "9" * 40):
        page(client, "registry-row", "divisions", pk, expected=404)
    page(client, "registry-row", "calendar", "2026-13-45", expected=404)


@pytest.mark.parametrize(
    ("words", "found"),
    [("龙水", True), ("lsz", True), ("longshui", True), ("5001111", True), ("水", True),
     ("龙镇", False), ("xyz", False), ("！？", False), ("100%", False)],
)  # fmt: skip
def test_divisions_are_found_by_characters_pinyin_initials_and_code(
    town: Town, words: str, found: bool
) -> None:
    shown = sought(town.client(town.zhang), "divisions", words)
    assert ("龙水镇</a>" in shown) is found


def test_a_posting_is_found_by_its_officer_and_its_organisation(town: Town) -> None:
    shown = sought(town.client(town.zhang), "postings", "zm 指挥中心")
    assert "张敏" in shown.split("<tbody>")[1]
    assert "罗静" not in shown.split("<tbody>")[1]


def test_ended_rows_are_shown_when_asked_for(town: Town) -> None:
    make(town.station, valid_to=date(2025, 1, 1))
    client = town.client(town.zhang)
    assert "龙水派出所</a>" not in page(client, "registry-list", "organisations")
    assert "龙水派出所</a>" in page(client, "registry-list", "organisations", state="ended")
    every = page(client, "registry-list", "organisations", state="all")
    assert "龙水派出所</a>" in every
    assert "龙水镇指挥中心</a>" in every


def test_a_list_sorts_both_ways_and_ignores_what_cannot_be_sorted(town: Town) -> None:
    client = town.client(town.zhang)
    up = page(client, "registry-list", "officers", sort="username")
    down = page(client, "registry-list", "officers", sort="-username")
    assert up.index(">audit_admin<") < up.index(">zhang_min<")
    assert down.index(">audit_admin<") > down.index(">zhang_min<")
    page(client, "registry-list", "officers", sort="password", page="-3")


def test_pages_hold_fifty_rows_and_their_queries_do_not_grow(
    town: Town, django_assert_max_num_queries
) -> None:
    client = town.client(town.zhang)
    page(client, "registry-list", "postings")
    for number in range(60):
        other = Officer.objects.create(
            username=f"o{number}", name=f"甲{number}", tokens=f"o{number}"
        )
        Posting.objects.create(
            officer=other, post=town.seat, organisation=town.centre, from_date=DAY
        )
    with django_assert_max_num_queries(14):
        first = page(client, "registry-list", "postings")
    assert first.count('class="ttl"') == 50
    assert page(client, "registry-list", "postings", page="2").count('class="ttl"') == 12
    assert page(client, "registry-list", "postings", page="99").count('class="ttl"') == 12


# Forms


def test_the_system_administrator_adds_a_village_below_a_town(town: Town) -> None:
    client = town.client(town.system)
    sent = {
        "name": "盐河社区", "kind": "community", "parent": str(town.longshui.pk),
        "code_system": "t", "code": "500111101001", "valid_from": "2024-01-01",
        "longitude": "105.7", "latitude": "29.5",
    }  # fmt: skip
    response = send(client, "registry-new", "divisions", **sent)
    made = Division.objects.get(code="500111101001")
    assert response["Location"] == reverse("registry-row", args=["divisions", made.pk])
    assert made.path == "1.1.1."
    assert "yhsq" in made.tokens
    (entry,) = history_of(made)
    assert (entry["act"], entry["by"]["name"]) == ("register", "钱系统")


def test_what_a_form_refuses_stands_beside_its_field(town: Town) -> None:
    client = town.client(town.system)
    response = send(
        client, "registry-new", "organisations", name="甲", name_en="A", code="two words",
        kind="zoo", division="9999", valid_from="2026-02-30", valid_to="",
    )  # fmt: skip
    assert response.status_code == 422
    shown = response.content.decode()
    for field in ("code", "kind", "division", "valid_from"):
        assert f'id="e-{field}"' in shown
    assert 'value="two words"' in shown
    assert not Organisation.objects.filter(name="甲").exists()


def test_a_character_that_no_database_keeps_is_refused(town: Town) -> None:
    sent = {"day": "2031-05-05", "name": "劳\0动节"}
    answer = send(town.client(town.system), "registry-new", "calendar", **sent)
    assert answer.status_code == 400
    assert not CalendarDay.objects.filter(day="2031-05-05").exists()


def test_the_pages_open_in_english_too(town: Town) -> None:
    for who in (town.system, town.security, town.luo):
        client = town.client(who)
        client.cookies.load({"django_language": "en"})
        for key, table in TABLES.items():
            assert table.en in page(client, "registry")
            assert table.en in page(client, "registry-list", key)
        assert "Longshui centre</a>" in page(client, "registry-list", "organisations")
        assert "<h1>Longshui centre" in page(
            client, "registry-row", "organisations", town.centre.pk
        )


def test_an_end_before_the_beginning_and_a_name_taken_are_refused(town: Town) -> None:
    client = town.client(town.system)
    told = {
        "name": "龙水派出所", "name_en": "x", "code": "x", "kind": "station",
        "division": str(town.longshui.pk), "valid_from": "2026-01-02", "valid_to": "2026-01-01",
    }  # fmt: skip
    assert (
        'id="e-valid_to"' in send(client, "registry-new", "organisations", **told).content.decode()
    )
    told["valid_to"] = ""
    assert 'id="e-name"' in send(client, "registry-new", "organisations", **told).content.decode()


def test_a_change_is_shown_in_the_history_with_names(town: Town) -> None:
    client = town.client(town.system)
    address = ("registry-row", "organisations", town.station.pk)
    shown = page(client, *address)
    seq = shown.split('name="seq" value="')[1].split('"')[0]
    sent = {
        "name": "龙水派出所", "name_en": "Longshui station", "kind": "station",
        "division": str(town.district.pk), "parent": str(town.centre.pk),
        "valid_from": "2024-01-01", "reason": "区里调整", "seq": seq,
    }  # fmt: skip
    assert send(client, *address, **sent).status_code == 302
    told = page(client, *address)
    assert "龙水镇（500111101） → 大足区（500111）" in told
    assert "— → 龙水镇指挥中心" in told
    assert "区里调整" in told
    late = send(client, *address, **{**sent, "name": "别的名字"})
    assert late.status_code == 422
    assert "别人已经改了这一行" in late.content.decode()


def test_an_organisation_cannot_be_under_itself(town: Town) -> None:
    make(town.station, parent=town.centre)
    client = town.client(town.system)
    sent = {
        "name": "龙水镇指挥中心", "name_en": "x", "kind": "town_centre",
        "division": str(town.longshui.pk), "parent": str(town.station.pk),
        "valid_from": "2024-01-01", "seq": "1",
    }  # fmt: skip
    shown = send(client, "registry-row", "organisations", town.centre.pk, **sent)
    assert 'id="e-parent"' in shown.content.decode()


def test_whoever_may_only_read_sees_values_and_no_form(town: Town) -> None:
    shown = page(town.client(town.audit), "registry-row", "organisations", town.centre.pk)
    assert "Longshui centre" in shown
    assert 'name="name"' not in shown
    for who in (town.zhang, town.security, town.audit):
        answer = send(town.client(who), "registry-row", "organisations", town.centre.pk, name="x")
        assert answer.status_code == 403
    town.centre.refresh_from_db()
    assert town.centre.name == "龙水镇指挥中心"


def test_a_post_keeps_its_acts_and_classes_of_what_may_be_read(town: Town) -> None:
    client = town.client(town.system)
    sent = {
        "name": "席位", "name_en": "Seat", "reach": "organisation", "seq": "1",
        "acts": ["roster", "transfer"], "reads": "caller location",
    }  # fmt: skip
    assert send(client, "registry-row", "posts", "seat", **sent).status_code == 302
    post = Post.objects.get(pk="seat")
    assert (post.acts, post.reads) == (["roster", "transfer"], ["caller", "location"])
    assert "排班" in page(client, "registry-row", "posts", "seat")


def test_the_security_administrator_makes_accounts_and_gives_passwords_once(town: Town) -> None:
    client = town.client(town.security)
    sent = {"name": "何峰", "username": "he_feng", "role": "officer", "is_active": "true"}
    assert send(client, "registry-new", "officers", **sent).status_code == 302
    made = Officer.objects.get(username="he_feng")
    assert not made.has_usable_password()
    answer = send(client, "registry-row", "officers", made.pk, act="password")
    assert answer["Cache-Control"] == "no-store"
    password = answer.content.decode().split('class="hash">')[1].split("<")[0]
    made.refresh_from_db()
    assert made.check_password(password)
    assert made.must_change_password
    assert password not in page(client, "registry-row", "officers", made.pk)
    assert password not in str(history_of(made))


def test_nobody_changes_their_own_account(town: Town) -> None:
    client = town.client(town.security)
    sent = {"name": "孙安全", "role": "system", "is_active": "true", "seq": "1"}
    answer = send(client, "registry-row", "officers", town.security.pk, **sent)
    assert answer.status_code == 403
    assert (
        send(client, "registry-row", "officers", town.security.pk, act="password").status_code
        == 403
    )
    assert (
        send(
            town.client(town.system), "registry-row", "officers", town.zhang.pk, act="password"
        ).status_code
        == 403
    )
    town.security.refresh_from_db()
    assert town.security.role == "security"


def test_a_holiday_counts_at_once(town: Town) -> None:
    assert work_calendar().is_workday(date(2031, 5, 5))
    client = town.client(town.system)
    sent = {"day": "2031-05-05", "name": "劳动节", "is_workday": ""}
    assert send(client, "registry-new", "calendar", **sent).status_code == 302
    assert not work_calendar().is_workday(date(2031, 5, 5))
    page(client, "registry-row", "calendar", "2031-05-05")
    assert "2031-05-05" in sought(client, "calendar", "ldj")
    again = send(client, "registry-new", "calendar", **sent)
    assert again.status_code == 422
    assert CalendarDay.objects.filter(day="2031-05-05").count() == 1


def test_nobody_makes_or_takes_over_an_administrator_on_a_page(town: Town) -> None:
    client = town.client(town.security)
    sent = {"name": "何峰", "username": "he_feng", "role": "audit", "is_active": "true"}
    made = send(client, "registry-new", "officers", **sent)
    assert made.status_code == 422
    assert "qianshou users" in made.content.decode()
    shown = page(client, "registry-row", "officers", town.audit.pk)
    assert "重设密码" not in shown
    for act in ("password", ""):
        answer = send(client, "registry-row", "officers", town.audit.pk, act=act, **sent)
        assert answer.status_code == 403
    raised = {"name": "张敏", "role": "security", "is_active": "true", "seq": "1"}
    answer = send(client, "registry-row", "officers", town.zhang.pk, **raised)
    assert answer.status_code == 422
    town.zhang.refresh_from_db()
    assert town.zhang.role == "officer"


def test_a_given_password_is_changed_before_anything_else(town: Town) -> None:
    administrator = town.client(town.security)
    answer = send(administrator, "registry-row", "officers", town.zhang.pk, act="password")
    password = answer.content.decode().split('class="hash">')[1].split("<")[0]
    client = Client()
    client.post("/login/", {"username": "zhang_min", "password": password})
    for address in ("/", "/m/", "/registry/", "/indicators/"):
        assert client.get(address).headers["Location"] == "/me/"
    assert "孙安全" in client.get("/me/").content.decode()
    fresh = {"old": password, "new": "a-long-new-one-7", "again": "a-long-new-one-7"}
    assert client.post("/me/", fresh).status_code == 200
    assert client.get("/").status_code == 200
