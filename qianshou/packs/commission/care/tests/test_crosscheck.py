"""Who is whom: each decision and code, the guards, the refusals, the same bytes every time."""

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from random import Random

import pyarrow as pa
import pytest

from qianshou.kernel.refusal import Refusal
from qianshou.packs.commission.care.crosscheck import (
    CODES,
    LEVELS,
    WEIGHTS_VERSION,
    Decision,
    Outcome,
    comparing,
    find_left_out,
    level_words,
)
from qianshou.packs.commission.care.crosscheck.cleaning import check_digit
from qianshou.packs.commission.care.crosscheck.comparing import compare
from qianshou.packs.commission.care.crosscheck.model import COMPARISONS
from qianshou.packs.commission.care.crosscheck.weights import read_weights

FIRSTS, SECONDS, SURNAMES = (
    "欣雨梓子佳诗紫语雅若可梦",
    "怡涵萱琪彤瑶婷轩妍悦蕾琳",
    "李王张刘杨周吴唐罗邓",
)


def number(born: str, order: int) -> str:
    first = f"500199{born.replace('-', '')}{order:03d}"
    return first + check_digit(first)


Child = Mapping[str, str | None]
XIAO = {
    "name": "张小红", "id_number": number("2012-03-05", 122), "birth_date": "2012-03-05", "sex": "女",
    "town": "龙水镇", "village": "保家村", "school": "龙水镇第一小学", "guardian": "张建国",
    "phone": "10312345678",
}  # fmt: skip
FIELDS = tuple(XIAO)


def xiao(**changes: str | None) -> Child:
    return {**XIAO, **changes}


def crowd(size: int = 300) -> list[Child]:
    """Return other children, none of them like Zhang Xiaohong."""
    chance = Random(7)
    return [
        {
            "name": chance.choice(SURNAMES) + chance.choice(FIRSTS) + chance.choice(SECONDS),
            "id_number": number(
                born := f"20{9 + at % 8:02d}-{1 + at % 12:02d}-{1 + at % 28:02d}", 100 + at % 900
            ),
            "birth_date": born,
            "sex": "男" if at % 2 else "女",
            "town": "宝顶镇",
            "village": f"{chance.choice(FIRSTS)}{chance.choice(SECONDS)}村",
            "school": "宝顶小学",
            "guardian": f"{chance.choice(SURNAMES)}{chance.choice('伟强军')}{chance.choice('华平东')}",
            "phone": f"104{at:08d}",
        }
        for at in range(size)
    ]


def tabulate(children: Sequence[Child], fields: tuple[str, ...] = FIELDS) -> pa.Table:
    columns = {one: pa.array([child.get(one) for child in children], pa.string()) for one in fields}
    return pa.table({"row": pa.array(range(2, len(children) + 2), pa.int64()), **columns})


def check(roster: Sequence[Child], pupils: Sequence[Child], engine: str = "duckdb") -> Outcome:
    """Compare a few children among a crowd of pupils: rows of both lists begin with 2."""
    return compare(tabulate(roster), tabulate([*pupils, *crowd()]), engine=engine)


def lines_of(outcome: Outcome, row: int = 2) -> list[Decision]:
    return [line for line in outcome.decisions if line.roster_row == row]


def level(line: Decision, field: str) -> str:
    return next(one.level for one in line.evidence if one.field == field)


def test_the_same_child_is_confirmed():
    (line,) = lines_of(check([XIAO], [XIAO]))
    assert (line.decision, line.code, line.pupil_row) == ("auto", "M0", 2)
    assert {one.level for one in line.evidence} == {"same", "capped"}


MISTYPED: dict[tuple[str, str], Callable[[str], str]] = {
    ("name", "variant"): lambda name: name.replace("红", "紅"),
    ("name", "sound"): lambda name: name.replace("小", "晓"),
    ("name", "one_character"): lambda name: name.replace("红", "江"),
    ("name", "one_edit"): lambda name: name.replace("小", ""),
    ("id_number", "id15"): lambda number: number[:15] + "000",
    ("id_number", "mended"): lambda number: number[:17],
    ("id_number", "one_digit"): lambda number: number[:10] + "7" + number[11:],
    ("birth_date", "year"): lambda day: day.replace("2012", "2011"),
    ("birth_date", "near"): lambda day: day.replace("-05", "-07"),
    ("birth_date", "lunar"): lambda day: day.replace("-03-", "-02-"),
    ("town", "differs"): lambda _: "宝顶镇",
    ("village", "differs"): lambda _: "高坡村",
    ("school", "differs"): lambda _: "宝顶小学",
    ("guardian", "differs"): lambda _: "欧阳桂英",
    ("guardian", "sound"): lambda name: name.replace("国", "果"),
    ("phone", "differs"): lambda _: "10498765432",
}
LEFT_OUT = ("id_number", "birth_date", "sex", "town", "village", "school", "guardian", "phone")


@pytest.fixture(scope="module")
def families() -> list[Child]:
    """One girl each of many families, as the school knows them: row 2 and on."""
    return [
        xiao(
            name=f"{surname}小红", guardian=f"{surname}建国", village=f"{surname}家村",
            phone=f"103{at:08d}", id_number=number("2012-03-05", 122 + 30 * at),
        )
        for at, surname in enumerate("张王李刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢")
    ]  # fmt: skip


@pytest.fixture(scope="module")
def typed_badly(families: list[Child]) -> list[Decision]:
    """The lines of a roster in which each girl has one field mistyped or left out."""
    roster = []
    for child, (field, level) in zip(families, MISTYPED, strict=False):
        roster.append({**child, field: MISTYPED[field, level](child[field] or "")})
    for child, field in zip(families[len(MISTYPED) :], LEFT_OUT, strict=True):
        roster.append({**child, field: None})
    return list(check(roster, families).decisions)


@pytest.mark.parametrize(
    ("at", "field", "expected"), [(at, *one) for at, one in enumerate(MISTYPED)]
)
def test_a_field_typed_otherwise_is_listed_with_both_values(
    typed_badly, families, at, field, expected
):
    line = typed_badly[at]
    assert (line.decision, line.code) == ("auto", "M1")
    assert (line.roster_row, line.pupil_row) == (at + 2, at + 2)
    shown = next(one for one in line.evidence if one.field == field)
    known = families[at][field]
    assert (shown.roster, shown.pupil) == (MISTYPED[field, expected](known), known)
    assert shown.level == expected


@pytest.mark.parametrize(("at", "field"), tuple(enumerate(LEFT_OUT, len(MISTYPED))))
def test_what_one_side_leaves_out_is_no_difference(typed_badly, at, field):
    line = typed_badly[at]
    assert (line.decision, line.code, line.pupil_row) == ("auto", "M0", at + 2)


def test_spelling_is_no_difference():
    typed = xiao(
        name="张 小红", id_number=f" {XIAO['id_number']} ", birth_date="2012年3月5日", sex="女孩",
        town="大足区龙水镇", village="龙水镇保家村3组", school="龙水一小", phone="103-1234-5678",
        guardian="父亲：张建国",
    )  # fmt: skip
    (line,) = lines_of(check([typed], [XIAO]))
    assert (line.decision, line.code) == ("auto", "M0")


def test_birth_date_and_sex_are_read_from_the_number_where_a_list_lacks_them():
    fields = ("name", "id_number")
    outcome = compare(
        tabulate([XIAO], fields), tabulate([xiao(id_number=None), *crowd()], (*FIELDS,))
    )
    (line,) = lines_of(outcome)
    assert line.pupil_row == 2
    assert level(line, "birth_date") == "same"


def test_a_neighbours_number_is_not_proof():
    neighbour = xiao(
        name="李雨涵", birth_date="2014-09-01", guardian="李志强", phone="10411112222",
        id_number=number("2014-09-01", 244), village="高坡村",
    )  # fmt: skip
    lines = lines_of(check([xiao(id_number=neighbour["id_number"])], [XIAO, neighbour]))
    assert {line.decision for line in lines} == {"review"}
    assert [(line.pupil_row, line.code) for line in lines] == [(2, "C2"), (3, "C1")]


def test_a_number_alone_does_not_find_another_child():
    stranger = xiao(
        name="李雨涵", birth_date="2014-09-01", guardian="李志强", phone="10411112222",
        village="高坡村", school="宝顶小学", town="宝顶镇",
    )  # fmt: skip
    (line,) = lines_of(check([XIAO], [stranger]))
    assert (line.decision, line.code) == ("review", "C1")


def test_the_number_of_her_twin_is_not_hers():
    twin = xiao(name="张小丽", id_number=number("2012-03-05", 124))
    lines = lines_of(check([xiao(id_number=twin["id_number"])], [XIAO, twin]))
    assert {line.decision for line in lines} == {"review"}
    assert {line.pupil_row for line in lines} == {2, 3}
    assert "C1" in {line.code for line in lines}


def test_two_valid_numbers_that_differ_go_to_people():
    (line,) = lines_of(check([xiao(id_number=number("2012-03-05", 306))], [XIAO]))
    assert (line.decision, line.code, line.pupil_row) == ("review", "C2", 2)


def test_twins_on_both_lists_are_told_apart_without_numbers():
    twin = xiao(name="张小丽", id_number=number("2012-03-05", 124))
    roster = [xiao(id_number=None), {**twin, "id_number": None}]
    outcome = check(roster, [twin, XIAO])
    assert [(line.roster_row, line.pupil_row) for line in outcome.decisions] == [(2, 3), (3, 2)]
    assert outcome.by_decision["auto"] == 2
    assert not outcome.roster_duplicates


def test_a_twin_who_is_not_at_school_does_not_take_her_sisters_place():
    twin = xiao(name="张小丽", id_number=None)
    outcome = check([XIAO, twin], [XIAO])
    assert [line.decision for line in lines_of(outcome, 2)] == ["auto"]
    assert [line.decision for line in lines_of(outcome, 3)] == ["review"]


def test_a_sister_with_the_familys_telephone_is_not_the_child():
    sister = xiao(
        name="张小丽", id_number=number("2014-09-01", 244), birth_date="2014-09-01",
    )  # fmt: skip
    (line,) = lines_of(check([xiao(id_number=None)], [sister]))
    assert (line.decision, line.code, line.pupil_row) == ("not_found", "N1", None)


def test_two_children_of_one_name_go_to_people():
    thin = {"name": "张小红", "sex": "女", "birth_date": "2012-03-05", "town": "龙水镇"}
    other = {**thin, "id_number": number("2012-03-05", 308)}
    lines = lines_of(check([thin], [{**thin, "id_number": XIAO["id_number"]}, other]))
    assert [line.code for line in lines] == ["A1", "A1"]
    assert {line.decision for line in lines} == {"review"}


def test_a_name_and_a_town_alone_go_to_people():
    thin = {"name": "张小红", "town": "龙水镇"}
    (line,) = lines_of(check([thin], [thin]))
    assert (line.decision, line.code) == ("review", "A1")


def test_a_child_on_two_rosters_is_told_once_more():
    moved = xiao(town="宝顶镇", village="高坡村")
    outcome = check([XIAO, moved], [XIAO])
    (pair,) = outcome.roster_duplicates
    assert (pair.first, pair.second) == (2, 3)
    assert outcome.by_code["D1"] == 1
    assert outcome.by_decision["auto"] == 2


def test_a_pupil_at_two_schools_is_kept_twice():
    again = xiao(school="宝顶小学")
    outcome = check([XIAO], [XIAO, again])
    assert [(line.pupil_row, line.decision, line.code) for line in outcome.decisions] == [
        (2, "auto", "M0"),
        (3, "auto", "D2"),
    ]
    assert [(pair.first, pair.second) for pair in outcome.pupil_duplicates] == [(2, 3)]


def test_a_child_whom_no_school_knows_is_not_found():
    (line,) = lines_of(check([XIAO], []))
    assert line == Decision(2, None, "not_found", "N1", 0.0, ())


def test_a_child_of_the_third_list_without_a_roster_row_is_left_out():
    third = [XIAO, xiao(name="王佳怡", id_number=number("2013-01-02", 222), birth_date="2013-01-02",
                        guardian="王强", phone="10455556666")]  # fmt: skip
    left = find_left_out(
        compare(tabulate(third), tabulate([XIAO, *crowd(20)])), check(third, [third[1]])
    )
    assert [(one.row, one.pupil_row) for one in left] == [(3, 2)]


def test_small_lists_are_no_easier_than_large_ones():
    pupils = [XIAO, *crowd(19)]
    outcome = compare(tabulate([XIAO, *crowd(9)]), tabulate(pupils))
    assert outcome.by_decision == {"auto": 10, "review": 0, "not_found": 0}
    thin = tabulate([XIAO], ("name", "sex", "town"))
    assert [line.decision for line in compare(thin, tabulate(pupils)).decisions] == ["review"]


def test_a_telephone_that_everybody_gives_bounds_the_work_and_proves_nothing():
    children = [{**child, "phone": "10400000000", "guardian": "奶奶"} for child in crowd(2_000)]
    outcome = compare(tabulate(children[:500]), tabulate(children))
    assert outcome.by_decision["auto"] >= 490


def test_evidence_and_prior_add_up_to_the_weight():
    outcome = check([xiao(name="张晓红", phone=None, birth_date="2012-03-07")], [XIAO])
    (line,) = lines_of(outcome)
    assert line.weight == pytest.approx(
        outcome.prior + sum(one.weight for one in line.evidence), abs=0.05
    )


def test_the_same_lists_give_the_same_bytes(tmp_path, monkeypatch):
    roster = [XIAO, *(xiao(name=f"张{one}红", id_number=None) for one in FIRSTS), *crowd(80)]
    first = check(roster, [XIAO, xiao(school="宝顶小学")])
    monkeypatch.setattr(comparing, "THREADS", 1)
    second = check(roster, [XIAO, xiao(school="宝顶小学")])
    assert first.digest() == second.digest()
    first.write_csv(tmp_path / "one.csv")
    second.write_csv(tmp_path / "two.csv")
    text = (tmp_path / "one.csv").read_bytes()
    assert text == (tmp_path / "two.csv").read_bytes()
    head = text.decode("utf-8-sig").splitlines()[0].replace('"', "").split(",")
    assert head[:5] == ["roster_row", "pupil_row", "decision", "code", "weight"]
    assert "name_level" in head
    assert check(roster[:-1], [XIAO]).digest() != first.digest()


def test_a_cell_that_would_run_in_a_spreadsheet_is_written_as_text(tmp_path):
    outcome = check([xiao(guardian="=1+1")], [XIAO])
    outcome.write_csv(tmp_path / "decisions.csv")
    assert "'=1+1" in (tmp_path / "decisions.csv").read_text(encoding="utf-8-sig")


def test_progress_goes_from_nought_to_one():
    seen: list[float] = []
    compare(tabulate([XIAO]), tabulate(crowd(5)), progress=lambda _stage, share: seen.append(share))
    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == (0.0, 1.0)


def test_every_line_is_counted():
    outcome = check([XIAO, *crowd(30)], [XIAO])
    assert sum(outcome.by_decision.values()) == 31
    assert tuple(outcome.by_code) == CODES
    assert outcome.weights_version == WEIGHTS_VERSION
    assert outcome.decisions[0] == next(iter(outcome.decisions))


@pytest.mark.parametrize(
    ("table", "code"),
    [
        (pa.table({"row": [2]}), "crosscheck.no_names"),
        (pa.table({"name": ["张小红"]}), "crosscheck.no_rows"),
        (pa.table({"row": ["2"], "name": ["张小红"]}), "crosscheck.no_rows"),
        (tabulate([]), "crosscheck.empty"),
        (tabulate([{}]), "crosscheck.empty"),
        (pa.table({"row": [2, 2], "name": ["张小红", "李雨"]}), "crosscheck.rows_repeat"),
        (
            pa.table({"row": [2], "name": ["张小红"], "birth_date": pa.array([date(2012, 3, 5)])}),
            "crosscheck.not_text",
        ),
    ],
)
def test_a_table_that_cannot_be_compared_is_refused(table, code):
    for lists in ((table, tabulate([XIAO])), (tabulate([XIAO]), table)):
        with pytest.raises(Refusal) as refused:
            compare(*lists)
        assert refused.value.code == code


def test_an_unknown_engine_is_refused():
    with pytest.raises(Refusal) as refused:
        compare(tabulate([XIAO]), tabulate([XIAO]), engine="excel")
    assert refused.value.code == "crosscheck.engine"


def test_spark_is_refused_where_it_is_not_installed(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(Refusal) as refused:
        compare(tabulate([XIAO]), tabulate([XIAO]), engine="spark")
    assert refused.value.code == "crosscheck.no_spark"
    assert "qianshou[spark]" in refused.value.zh


@pytest.mark.spark
@pytest.mark.skipif(
    importlib.util.find_spec("pyspark") is None,
    reason="pyspark is not installed: pip install qianshou[spark], with Java 17",
)
def test_spark_decides_as_duckdb_does():
    twin = xiao(name="张小丽", id_number=number("2012-03-05", 124))
    roster = [xiao(id_number=twin["id_number"]), xiao(name="张晓红"), *crowd(40)]
    plain = check(roster, [XIAO, twin])
    assert check(roster, [XIAO, twin], engine="spark").digest() == plain.digest()


def test_every_level_has_a_weight_and_words():
    weights = read_weights()
    for comparison, levels in COMPARISONS.items():
        stated = set(weights.levels[comparison])
        assert stated == {level for level, _ in levels} - {"missing"}
    shown = {level for one, levels in COMPARISONS.items() if one != "place" for level, _ in levels}
    assert shown <= set(LEVELS)
    assert level_words("lunar", "zh-hans") == "可能一方填农历"
    assert level_words("sound", "en") == "sounds the same"
