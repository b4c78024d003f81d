"""What people type becomes comparable, whatever the spelling, and cleaning it again changes nothing."""

from datetime import date

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qianshou.packs.commission.care.crosscheck.bulk import clean_columns
from qianshou.packs.commission.care.crosscheck.characters import merge_dialect, simplify, sound_of
from qianshou.packs.commission.care.crosscheck.cleaning import (
    check_digit,
    clean_birth_date,
    clean_guardian,
    clean_identity,
    clean_name,
    clean_phone,
    clean_sex,
    is_valid_identity,
    sound_name,
)
from qianshou.packs.commission.care.crosscheck.places import (
    clean_school,
    clean_town,
    clean_village,
    town_in_village,
)

ANY_TEXT = st.text(max_size=30)
HAN = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=2, max_size=4)
DAYS = st.dates(date(2005, 1, 1), date(2022, 12, 31))


def make_number(born: date, order: int) -> str:
    first = f"500199{born:%Y%m%d}{order:03d}"
    return first + check_digit(first)


NUMBERS = st.builds(make_number, DAYS, st.integers(1, 999))


@given(ANY_TEXT)
def test_no_text_breaks_the_cleaning(text):
    for clean in (clean_name, clean_guardian, clean_identity, clean_birth_date, clean_sex):
        clean(text)
    for clean in (clean_phone, clean_town, clean_village, town_in_village, clean_school):
        clean(text)


@given(HAN)
def test_a_cleaned_name_stays_as_it_is(name):
    cleaned = clean_name(name)
    assert cleaned is None or clean_name(cleaned) == cleaned


@given(HAN, st.integers(0, 3), st.sampled_from([" ", "·", "　", "•", "\u200b", "."]))
def test_spaces_and_dots_do_not_make_another_name(name, at, mark):
    assert clean_name(name[:at] + mark + name[at:]) == clean_name(name)


@given(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5))
def test_a_simplified_character_is_simplified_once_and_for_all(character):
    assert simplify(simplify(character)) == simplify(character)
    assert merge_dialect(sound_of(character)) == sound_of(character)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("张丽", "張麗"),
        ("刘峯", "劉峰"),
        ("王喆", "王哲"),
        ("李小红（大）", "李小红"),
        ("ＷＡＮＧ", "wang"),
    ],
)
def test_variants_are_one_name(one, other):
    assert clean_name(one) == clean_name(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("李兰", "李南"),
        ("张英", "章因"),
        ("胡芳", "福方"),
        ("陈花", "程发"),
        ("黄玲", "方林"),
        ("周珊", "邹三"),
    ],
)
def test_what_sounds_alike_in_chongqing_sounds_alike_here(one, other):
    assert sound_name(one) == sound_name(other)


@pytest.mark.parametrize(("one", "other"), [("李兰", "李丹"), ("张英", "张燕"), ("王红", "王花")])
def test_what_sounds_different_stays_different(one, other):
    assert sound_name(one) != sound_name(other)


@given(NUMBERS)
def test_a_number_survives_width_case_spaces_and_a_lost_check_digit(number):
    wide = number.translate({ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789X"})
    lower = f"'{number[:6]} {number[6:14]} {number[14:].lower()}"
    for typed in (number, wide, lower):
        cleaned = clean_identity(typed)
        assert cleaned is not None
        assert cleaned.number == number
    short = clean_identity(number[:17])
    if not number.endswith("000"):
        assert short is not None
        assert (short.number, short.mended) == (number, True)


@given(NUMBERS, st.integers(6, 16), st.integers(1, 9))
def test_one_wrong_digit_is_never_valid(number, at, by):
    wrong = number[:at] + str((int(number[at]) + by) % 10) + number[at + 1 :]
    assert not is_valid_identity(wrong)


@given(NUMBERS)
def test_what_a_spreadsheet_leaves_of_a_number_is_its_first_fifteen_digits(number):
    digits = number[:15]
    for typed in (digits + "000", digits, f"{digits[0]}.{digits[1:]}E+17"):
        cleaned = clean_identity(typed)
        assert cleaned is not None
        assert cleaned.cut
        assert cleaned.number == digits + "000"
    assert clean_identity("5.00199E+17") is None


def test_an_old_number_is_lengthened():
    cleaned = clean_identity("500199850101001")
    assert cleaned is not None
    assert cleaned.mended
    assert cleaned.number.startswith("50019919850101001")
    assert is_valid_identity(cleaned.number)


SPELLINGS = (
    "{0.year}-{0.month:02d}-{0.day:02d}", "{0.year}-{0.month}-{0.day}", "{0.year}年{0.month}月{0.day}日",
    "{0.year}.{0.month}.{0.day}", "{0.year}/{0.month}/{0.day} 0:00:00", "{0:%Y%m%d}", "{0:%y%m%d}",
    " {0:%Y-%m-%dT00:00:00} ",
)  # fmt: skip


@given(DAYS, st.sampled_from(SPELLINGS))
def test_a_day_is_read_in_every_usual_spelling(day, spelling):
    assert clean_birth_date(spelling.format(day)) == day


@given(DAYS)
def test_a_day_number_of_a_spreadsheet_is_that_day(day):
    number = (day - date(1899, 12, 30)).days
    assert clean_birth_date(str(number)) == day
    assert clean_birth_date(f"{number}.0") == day


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("二〇一二年三月五日", date(2012, 3, 5)),
        ("二零一二年十二月三十一日", date(2012, 12, 31)),
        ("二〇一五年十月二十日", date(2015, 10, 20)),
        ("２０１２年３月５日", date(2012, 3, 5)),
        ("25/3/2012", date(2012, 3, 25)),
        ("12-3-5", date(2012, 3, 5)),
    ],
)
def test_other_spellings_of_a_day(typed, day):
    assert clean_birth_date(typed) == day


@pytest.mark.parametrize("typed", ["2012-02-30", "2012年3月", "5/3/2012", "不详", "", "2012", None])
def test_what_is_no_certain_day_says_nothing(typed):
    assert clean_birth_date(typed) is None


@pytest.mark.parametrize(
    ("typed", "digits"),
    [
        ("103-1234-5678", "10312345678"),
        ("+86 10312345678", "10312345678"),
        ("008610312345678", "10312345678"),
        ("10312345678.0", "10312345678"),
        ("10312345678/10412345678", "10312345678"),
        ("１０３１２３４５６７８", "10312345678"),
        ("无", None),
        ("11111111111", None),
        ("110", None),
    ],
)
def test_a_telephone_is_its_digits(typed, digits):
    assert clean_phone(typed) == digits


@pytest.mark.parametrize(
    ("clean", "spellings"),
    [
        (clean_town, ["龙水镇", "龙水", "大足区龙水镇", "重庆市大足区龙水镇人民政府"]),
        (clean_town, ["棠香街道", "棠香街道办事处", "大足区棠香街道"]),
        (clean_village, ["保家村", "保家", "保家村委会", "龙水镇保家村3组", "大足区龙水镇保家村"]),
        (clean_village, ["五里店社区", "五里店社区居委会", "大足区五里店社区"]),
        (
            clean_school,
            ["龙水镇第一小学校", "龙水一小", "大足区龙水镇第一小学", "龙水1小三年级2班"],
        ),
        (clean_school, ["大足区第二中学", "大足二中"]),
        (clean_guardian, ["张三", "父亲：张三", "张三（祖父）", "监护人 張三", "张三、李四"]),
        (clean_sex, ["女", "女性", "2", "女童", "Female", " 女 "]),
    ],
)
def test_these_spellings_are_one(clean, spellings):
    assert len({clean(one) for one in spellings}) == 1
    assert clean(spellings[0]) is not None


def test_an_address_in_the_village_names_its_town():
    assert town_in_village("大足区龙水镇保家村3组") == "龙水"
    assert town_in_village("保家村") is None


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "name": HAN | ANY_TEXT,
                "id_number": NUMBERS | ANY_TEXT | st.none(),
                "birth_date": DAYS.map(str) | ANY_TEXT | st.none(),
                "phone": st.integers(10**10, 2 * 10**10 - 1).map(str) | ANY_TEXT | st.none(),
                "guardian": HAN | st.none(),
                "town": HAN | st.none(),
            }
        ),
        min_size=1,
        max_size=8,
    )
)
def test_whole_columns_are_cleaned_as_single_values_are(rows):
    columns = {key: pa.array([row[key] for row in rows], pa.string()) for key in rows[0]}
    table = pa.table({"row": pa.array(range(len(rows)), pa.int64()), **columns})
    for row, cleaned in zip(rows, clean_columns(table).to_pylist(), strict=True):
        identity = clean_identity(row["id_number"])
        born = clean_birth_date(row["birth_date"])
        assert cleaned["name"] == clean_name(row["name"])
        assert cleaned["id_number"] == (identity and identity.number)
        assert cleaned["id_mended"] == (identity is not None and identity.mended)
        assert cleaned["born_stated"] == (None if born is None else (born - date(1970, 1, 1)).days)
        assert cleaned["phone"] == clean_phone(row["phone"])
        assert cleaned["guardian"] == clean_guardian(row["guardian"])
        assert cleaned["town"] == clean_town(row["town"])
