"""The two lists made ready in DuckDB: validity of ids, keys of the blocks, rarity of names."""

import duckdb
import pyarrow as pa

from qianshou.packs.commission.care.crosscheck.bulk import clean_columns
from qianshou.packs.commission.care.crosscheck.cleaning import CHECK_DIGITS, WEIGHTS
from qianshou.packs.commission.care.crosscheck.model import BLOCKS
from qianshou.packs.commission.care.crosscheck.weights import Weights

ROSTER, PUPILS = "a_roster", "b_pupils"
# A value that so many rows share (a school's telephone, 1 January) tells nobody apart.
PAIRS_PER_KEY = (50_000, 10_000, 2_000, 400, 80)
PAIRS_PER_ROW = 2
# An older birth date in an id is a guardian's: it says nothing of the child.
FIRST_BIRTH = 2000
_CHECK = " + ".join(f"(ascii(id_number[{at + 1}]) - 48) * {by}" for at, by in enumerate(WEIGHTS))
_KEYS = {
    "id": "id_number",
    "first15": "id_number[1:15]",
    "cut": "id_number[1:15]",
    "sound_birth": "sound, born",
    "birth_town": "born, town",
    "sound_town": "sound, town",
    "phone": "phone",
    "guardian_clan": "guardian_sound, clan",
    "sound_school": "sound, school",
    "birth_clan_sex": "born, clan, sex",
    "sound_month": "sound, birth_month",
    "alone": "sound",
    "sound": "sound",
}
_CONDITIONS = {"cut": "id_valid = 0", "first15": "length(id_number) >= 15"}


def prepare_list(connection: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> None:
    """Make the table `name` of a list: cleaned columns and one key a block.

    Birth date and sex are read from the id where the list does not state them.
    """
    cleaned = clean_columns(table)
    connection.register("cleaned", cleaned)
    connection.execute(
        f"""
        CREATE TABLE {name} AS
        WITH read AS (
            SELECT *, try_strptime(id_number[7:14], '%Y%m%d')::DATE AS id_date
            FROM cleaned
        ), judged AS (
            SELECT *, (
                regexp_full_match(id_number, '[0-9]{{17}}[0-9X]')
                AND year(id_date) BETWEEN 1900 AND 2099
                AND NOT ends_with(id_number, '000')
                AND substr('{CHECK_DIGITS}', ({_CHECK}) % 11 + 1, 1) = id_number[18]
            ) AS valid
            FROM read
        ), told AS (
            SELECT '{name[0]}' AS side, row_number, name_written, name, sound, clan,
                id_number, CASE WHEN valid THEN 1 ELSE 0 END AS id_valid, id_mended,
                coalesce(
                    born_stated,
                    CASE WHEN year(id_date) BETWEEN {FIRST_BIRTH} AND 2099
                        AND length(id_number) = 18
                    THEN datediff('day', DATE '1970-01-01', id_date) END
                )::INTEGER AS born,
                coalesce(
                    sex_stated,
                    CASE WHEN valid THEN
                        CASE WHEN ascii(id_number[17]) % 2 = 0 THEN '女' ELSE '男' END
                    END
                ) AS sex,
                town, village, school, guardian_written, guardian, guardian_sound, phone
            FROM judged
        ), dated AS (
            SELECT *, date_trunc('month', DATE '1970-01-01' + born) AS birth_month FROM told
        )
        SELECT * EXCLUDE (birth_month), {_list_keys()} FROM dated
        """
    )
    connection.unregister("cleaned")


def _list_keys() -> str:
    keys = []
    for key, columns in _KEYS.items():
        known = [f"{column} IS NOT NULL" for column in columns.split(", ")]
        known += [_CONDITIONS[key]] if key in _CONDITIONS else []
        keys.append(
            f"CASE WHEN {' AND '.join(known)} THEN (hash({columns}) // 2)::BIGINT END AS by_{key}"
        )
    return ", ".join(keys)


def clear_lone_names(connection: duckdb.DuckDBPyConnection) -> None:
    """Leave the name alone as a key only to rows with neither id nor birth date to compare."""
    connection.execute(
        f"""
        UPDATE {ROSTER} SET by_alone = NULL
        WHERE id_number IS NOT NULL AND EXISTS (FROM {PUPILS} WHERE id_number IS NOT NULL)
        OR born IS NOT NULL AND EXISTS (FROM {PUPILS} WHERE born IS NOT NULL)
        """
    )


def clear_frequent_keys(
    connection: duckdb.DuckDBPyConnection, left: str, right: str, blocks: tuple[str, ...]
) -> None:
    """Clear the keys of `left` that too many rows share, so that no block grows without bound."""
    rows = sum(_count(connection, f"SELECT count(*) FROM {one}") for one in (left, right))
    for one, other in (BLOCKS[block] for block in blocks):
        connection.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE shared AS
            SELECT key, l.n * r.n AS pairs FROM
                (SELECT by_{one} AS key, count(*) AS n FROM {left} GROUP BY key) l
                JOIN (SELECT by_{other} AS key, count(*) AS n FROM {right} GROUP BY key) r
                USING (key)
            """
        )
        for limit in PAIRS_PER_KEY:
            small = f"SELECT coalesce(sum(pairs), 0) FROM shared WHERE pairs <= {limit}"
            if _count(connection, small) <= rows * PAIRS_PER_ROW:
                break
        if _count(connection, f"SELECT count(*) FROM shared WHERE pairs > {limit}"):
            connection.execute(
                f"UPDATE {left} SET by_{one} = NULL WHERE by_{one} IN"
                f" (SELECT key FROM shared WHERE pairs > {limit})"
            )
    connection.execute("DROP TABLE shared")


def _count(connection: duckdb.DuckDBPyConnection, statement: str) -> int:
    found = connection.execute(statement).fetchone()
    assert found is not None
    return int(found[0])


def share_names(connection: duckdb.DuckDBPyConnection, pupils: str, weights: Weights) -> pa.Table:
    """Return each pupil's name with its share of the pupils, never above the least rarity."""
    return connection.sql(
        f"""
        SELECT name, least(count(*) / sum(count(*)) OVER (), {2.0**-weights.rarity_least!r})::DOUBLE
            AS tf_name
        FROM {pupils} WHERE name IS NOT NULL GROUP BY name ORDER BY name
        """
    ).to_arrow_table()
