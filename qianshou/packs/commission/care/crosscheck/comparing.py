"""The cross-check of a roster with the pupils' list, from tables to an outcome."""

import math
from collections.abc import Callable
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from qianshou.kernel.refusal import Refusal
from qianshou.packs.commission.care.crosscheck.deciding import (
    decide_rows,
    explain_lines,
    find_duplicates,
    weigh_pairs,
)
from qianshou.packs.commission.care.crosscheck.model import ALL_BLOCKS, STRICT_BLOCKS
from qianshou.packs.commission.care.crosscheck.outcome import FIELDS, Duplicate, Lines, Outcome
from qianshou.packs.commission.care.crosscheck.preparing import (
    PUPILS,
    ROSTER,
    clear_frequent_keys,
    clear_lone_names,
    prepare_list,
    share_names,
)
from qianshou.packs.commission.care.crosscheck.scoring import ENGINES, score_pairs
from qianshou.packs.commission.care.crosscheck.spark import require_spark
from qianshou.packs.commission.care.crosscheck.weights import read_weights

MEMORY = "1500MB"
THREADS = 2
_NAMES = {"roster": ("花名册", "the roster"), "pupils": ("学籍名单", "the pupils' list")}

Progress = Callable[[str, float], None]


def compare(
    roster: pa.Table,
    pupils: pa.Table,
    *,
    engine: str = "duckdb",
    progress: Progress | None = None,
) -> Outcome:
    """Return who of `roster` is whom of `pupils`, and what differs.

    Both tables have an int64 column `row` (unique) and text columns of FIELDS, as people
    typed them; only `name` must be there. `progress` is told the stage and the share done.
    Refused: a table without rows, names or unique rows; an engine that is not here.
    """
    tell = progress or (lambda _stage, _share: None)
    if engine not in ENGINES:
        raise Refusal(
            "crosscheck.engine",
            f"没有名为“{engine}”的比对引擎，可选：{'、'.join(ENGINES)}。",
            f"There is no engine “{engine}”; choose one of {', '.join(ENGINES)}.",
            "engine",
        )
    if engine == "spark":
        require_spark()
    for name, table in (("roster", roster), ("pupils", pupils)):
        check_table(name, table)
    weights = read_weights()
    among = max(len(pupils), weights.least_rows)
    with TemporaryDirectory(prefix="crosscheck-") as folder, duckdb.connect() as connection:
        for setting in (
            f"threads = {THREADS}",
            f"memory_limit = '{MEMORY}'",
            f"temp_directory = '{folder}'",
            "enable_progress_bar = false",
        ):
            connection.execute(f"SET {setting}")
        tell("cleaning", 0.0)
        prepare_list(connection, ROSTER, roster)
        prepare_list(connection, PUPILS, pupils)
        shares = share_names(connection, PUPILS, weights)

        def score(tables: tuple[str, ...], blocks: tuple[str, ...], least: float | None) -> None:
            clear_frequent_keys(connection, tables[0], tables[-1], blocks)
            score_pairs(connection, tables, blocks, shares, among, weights, engine, least)

        tell("duplicates", 0.3)
        for source, found in ((ROSTER, "same_roster"), (PUPILS, "same_pupils")):
            score((source,), STRICT_BLOCKS, weights.auto)
            weigh_pairs(connection, weights)
            find_duplicates(connection, found, weights)
        tell("matching", 0.4)
        clear_lone_names(connection)
        score((ROSTER, PUPILS), ("id",), None)
        score((ROSTER, PUPILS), ALL_BLOCKS, weights.review)
        tell("deciding", 0.9)
        weigh_pairs(connection, weights)
        decide_rows(connection, weights)
        explain_lines(connection, ROSTER, PUPILS)
        lines = connection.sql("FROM explained").to_arrow_table()
        same_roster = _read_duplicates(connection, "same_roster")
        same_pupils = _read_duplicates(connection, "same_pupils")
    tell("done", 1.0)
    return Outcome(
        Lines(lines, roster, pupils),
        same_roster,
        same_pupils,
        weights.version,
        round(-math.log2(among), 2),
    )


def _read_duplicates(connection: duckdb.DuckDBPyConnection, name: str) -> tuple[Duplicate, ...]:
    found = connection.execute(f"FROM {name} ORDER BY first, second").fetchall()
    return tuple(Duplicate(*one) for one in found)


def check_table(name: str, table: pa.Table) -> None:
    """Refuse a table that cannot be compared; `name` is roster or pupils."""
    zh, en = _NAMES[name]
    if "name" not in table.column_names:
        raise Refusal(
            "crosscheck.no_names",
            f"{zh}没有姓名列，无法比对。请补上姓名列。",
            f"{en.capitalize()} has no column of names; add one.",
            name,
        )
    if "row" not in table.column_names or not pa.types.is_integer(table["row"].type):
        raise Refusal(
            "crosscheck.no_rows",
            f"{zh}没有行号列，无法说明差异在哪一行。",
            f"{en.capitalize()} has no column of row numbers, so differences could not be placed.",
            name,
        )
    if not len(table) or table["name"].null_count == len(table):
        raise Refusal(
            "crosscheck.empty",
            f"{zh}里没有一个姓名。请检查是否选错了文件或工作表。",
            f"{en.capitalize()} holds no name; was it the right file and sheet?",
            name,
        )
    if table["row"].null_count or pc.count_distinct(table["row"]).as_py() != len(table):
        raise Refusal(
            "crosscheck.rows_repeat",
            f"{zh}的行号有重复或空缺，请让每行有自己的行号。",
            f"Row numbers of {en} repeat or are missing; give each row its own.",
            name,
        )
    odd = [one for one in FIELDS if one in table.column_names and not _is_text(table[one].type)]
    if odd:
        raise Refusal(
            "crosscheck.not_text",
            f"{zh}的“{odd[0]}”列不是文本，请按原样读入文字。",
            f"Column “{odd[0]}” of {en} is not text; read it as it was typed.",
            odd[0],
        )


def _is_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind)
    )
