"""Days in many spellings: read where they can mean one day only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qianshou.packs.commission.care.roster.days import read_day, read_month
from qianshou.packs.commission.care.roster.texts import read_sex, read_yes, tidy, tidy_phone


@pytest.mark.parametrize(
    "typed",
    [
        "2014-03-05", "2014年3月5日", "2014年03月05号", "2014.3.5", "2014/3/5", "20140305", "2014 3 5",
        "２０１４年３月５日", "2014、3、5", "2014-03-05 00:00:00", "2014-03-05T00:00:00", "2014—3—5",
        "二〇一四年三月五日", "二零一四年三月五日", "41703", "'2014-3-5", " 2014 年 3 月 5 日 ", "2014年3月5日生",
    ],
)  # fmt: skip
def test_a_day_is_read_in_any_spelling_that_can_mean_one_day(typed: str) -> None:
    assert read_day(typed) == ("2014-03-05", "")


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("14-03-05", "unclear"),
        ("3/5/2014", "unclear"),
        ("2014-13-05", "unclear"),
        ("2014-02-30", "unclear"),
        ("20141305", "unclear"),
        ("99999", "unclear"),
        ("五岁", "unclear"),
        ("2014年3月", "month"),
        ("201403", "month"),
        ("2014.3", "month"),
        ("2014", "year"),
        ("2014年", "year"),
        ("农历2014年三月初五", "lunar"),
        ("2014年腊月初八", "lunar"),
    ],
)
def test_what_could_mean_several_days_is_not_guessed(typed: str, why: str) -> None:
    assert read_day(typed) == ("", why)


def test_a_serial_number_counts_from_the_workbooks_own_year() -> None:
    assert read_day("41703") == ("2014-03-05", "")
    assert read_day("40241", since_1904=True) == ("2014-03-05", "")


@pytest.mark.parametrize(
    ("typed", "month"),
    [("2023年2月", "2023-02"), ("2023.2", "2023-02"), ("202302", "2023-02"), ("2023-02-03", "2023-02-03"),
     ("二〇二三年十二月", "2023-12"), ("2023年13月", ""), ("去年", ""), ("2023", "")],
)  # fmt: skip
def test_an_absence_may_begin_with_a_month(typed: str, month: str) -> None:
    assert read_month(typed) == month


@given(st.text())
def test_no_text_breaks_the_readers_of_cells(text: str) -> None:
    assert read_day(text)[1] in ("", "month", "year", "lunar", "unclear")
    read_month(text)
    read_sex(text)
    read_yes(text)
    tidy_phone(text)
    assert tidy(tidy(text)) == tidy(text)


@pytest.mark.parametrize(
    ("typed", "digits"),
    [("108-1234-5678", "10812345678"), ("+86 108 1234 5678", "10812345678"),
     ("１０８１２３４５６７８", "10812345678"), ("10812345678/10887654321", "10812345678/10887654321")],
)  # fmt: skip
def test_a_telephone_number_loses_its_layout_only(typed: str, digits: str) -> None:
    assert tidy_phone(typed) == digits


@pytest.mark.parametrize(
    ("typed", "sex"),
    [("女童", "女"), ("F", "女"), ("1", "男"), ("男 性", "男"), ("不详", ""), ("3", "")],
)
def test_a_sex_is_read_in_words_letters_and_codes(typed: str, sex: str) -> None:
    assert read_sex(typed) == sex


def test_an_answer_is_yes_or_no_or_nothing() -> None:
    assert [read_yes(text) for text in ("是", "√", "N", "在家", "不知道")] == [
        "是",
        "是",
        "否",
        "否",
        "",
    ]
