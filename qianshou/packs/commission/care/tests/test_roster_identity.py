"""Identity numbers: GB 11643, and the ways in which they come broken."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric

from qianshou.packs.commission.care.roster import identity
from qianshou.packs.commission.care.roster.numbers import read_number
from qianshou.packs.commission.care.tests.rosters import number


@given(st.integers(1, 999), st.dates(date(1950, 1, 1), date(2025, 12, 31)))
def test_the_check_digit_is_the_one_that_others_compute(order: int, born: date) -> None:
    made = number(order, f"{born:%Y%m%d}")
    assert ric.calc_check_digit(made) == made[17]
    assert identity.is_valid(made)
    assert identity.birth_date_of(made) == born
    assert identity.sex_of(made) == ("男" if order % 2 else "女")


@given(st.integers(1, 999), st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(order: int, place: int, more: int) -> None:
    made = number(order)
    wrong = made[:place] + str((int(made[place]) + more) % 10) + made[place + 1 :]
    assert not identity.is_valid(wrong)


@pytest.mark.parametrize(
    "text", ["", "5", "x" * 18, "500199201413051010", "５００", "50019920140305101X1"]
)
def test_what_is_no_number_is_not_valid_and_names_no_day(text: str) -> None:
    assert not identity.is_valid(text)
    assert identity.lengthen(text) == ""
    identity.sex_of(text)


def test_a_number_of_the_first_generation_gets_its_century_and_check_digit() -> None:
    made = number(12, "19800102")
    assert identity.lengthen(made[:6] + made[8:17]) == made
    assert identity.birth_date_of(made[:6] + made[8:17]) == date(1980, 1, 2)
    assert identity.sex_of(made[:6] + made[8:17]) == "女"


def test_only_the_last_four_signs_are_shown() -> None:
    assert identity.mask(number(22)) == "*" * 14 + number(22)[-4:]
    assert identity.mask("123") == "***"


GOOD = number(22)
ENDS_IN_X = next(number(order) for order in range(2, 200, 2) if number(order).endswith("X"))


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        (ENDS_IN_X.lower(), ENDS_IN_X),
        (f"'{GOOD}", GOOD),
        (f"{GOOD[:6]} {GOOD[6:14]} {GOOD[14:]}", GOOD),
        ("".join(chr(ord(sign) + 0xFEE0) for sign in GOOD), GOOD),
        (f"\u200b{GOOD}\u00a0", GOOD),
        (ENDS_IN_X[:17] + "×", ENDS_IN_X),
        ("无", ""),
        ("/", ""),
    ],
)
def test_layout_is_taken_off_a_number(typed: str, text: str) -> None:
    found = read_number(typed, "2014-03-05", was_number=False)
    assert (found.text, found.fault, found.doubt) == (text, "", "")


@pytest.mark.parametrize(
    ("typed", "born", "was_number", "text", "doubt"),
    [
        (GOOD[:15] + "000", "2014-03-05", False, GOOD[:15] + "000", "rounded"),
        (GOOD[:15] + "000", "", True, GOOD[:15] + "000", "rounded"),
        (GOOD[:15], "2014-03-05", False, GOOD[:15] + "000", "rounded"),
        (f"{GOOD[0]}.{GOOD[1:15]}E+17", "2014-03-05", False, GOOD[:15] + "000", "rounded"),
        (GOOD[:17], "2014-03-05", False, GOOD[:17], "short"),
        (GOOD[:17], "", False, GOOD[:17], "short"),
    ],
)
def test_a_number_that_lost_its_tail_is_taken_when_nothing_else_can_be_meant(
    typed: str, born: str, was_number: bool, text: str, doubt: str
) -> None:
    found = read_number(typed, born, was_number=was_number)
    assert (found.text, found.fault, found.doubt) == (text, "", doubt)


@pytest.mark.parametrize(
    ("typed", "born", "was_number", "fault"),
    [
        (GOOD[:15] + "000", "2014-03-06", True, "lost"),
        (GOOD[:15] + "000", "", False, "lost"),
        ("5.00199E+17", "2014-03-05", False, "lost"),
        (GOOD[:17], "2014-03-06", False, "length"),
        (GOOD[:15], "", False, "length"),
        (GOOD[:16], "2014-03-05", False, "length"),
        (GOOD[:17] + ("1" if GOOD[17] != "1" else "2"), "2014-03-05", False, "check"),
        ("500199201413051018", "2014-03-05", False, "day"),
        ("H12345678", "2014-03-05", False, "signs"),
    ],
)
def test_a_number_that_could_be_another_is_a_fault(
    typed: str, born: str, was_number: bool, fault: str
) -> None:
    assert read_number(typed, born, was_number=was_number).fault == fault
