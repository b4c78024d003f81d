"""From scored pairs to decisions: the household's cap, the guards, one decision a row, its code.

Everything here is SQL over tables of the connection; each statement orders what it ranks, so
the same pairs always give the same lines.
"""

import duckdb

from qianshou.packs.commission.care.crosscheck.model import COMPARISONS, number_levels
from qianshou.packs.commission.care.crosscheck.outcome import FIELDS
from qianshou.packs.commission.care.crosscheck.weights import Weights

SAME_ID = "('same', 'same_invalid')"


def weigh_pairs(connection: duckdb.DuckDBPyConnection, weights: Weights) -> None:
    """Turn the table `pairs` into `weighed`: levels in words, weights with the household capped, the guards.

    `is_contrary`: the id is the same, but name or birth date say another child. `is_kept`:
    name or id speak for the pair, never both name and birth date against it, a name that is
    only alike not with another birth date (that is a sister), and it weighs enough to be looked
    at; or it is contrary.
    """
    levels = ", ".join(
        f"CASE gamma_{one} "
        + " ".join(f"WHEN {number} THEN '{level}'" for number, level in number_levels(one).items())
        + f" END AS {one}_level"
        for one in COMPARISONS
    )
    parts = ", ".join(f"mw_{one} AS {one}_weight" for one in COMPARISONS if one != "name")
    household = " + ".join(f"mw_{one}" for one in weights.household)
    connection.execute(
        f"""
        CREATE OR REPLACE TABLE weighed AS
        WITH told AS (
            SELECT row_number_l AS roster_row, row_number_r AS pupil_row,
                CASE WHEN id_valid_r = 1 THEN id_number_r END AS pupil_id,
                round(mw_name + mw_tf_adj_name, 2) AS name_weight, {parts}, {levels},
                -greatest(0, {household} - {weights.household_most}) AS capped,
                match_weight
            FROM pairs
        ), summed AS (
            SELECT *, round(match_weight + capped, 2) AS weight,
                id_number_level IN {SAME_ID}
                    AND (name_weight < 0 OR birth_date_level = 'differs') AS is_contrary
            FROM told
        )
        SELECT * EXCLUDE (match_weight), round(weight - id_number_weight, 2) AS plain_weight,
            is_contrary OR (
                (name_weight > 0 OR id_number_weight > 0)
                AND NOT (name_weight < 0 AND birth_date_weight < 0)
                AND NOT (
                    name_level NOT IN ('same', 'sound') AND birth_date_level = 'differs'
                    AND id_number_weight <= 0
                )
                AND weight >= {weights.review}
            ) AS is_kept
        FROM summed
        """
    )
    connection.execute("DROP TABLE pairs")


def find_duplicates(connection: duckdb.DuckDBPyConnection, into: str, weights: Weights) -> None:
    """Make the table `into` of pairs of rows in one list that are one child.

    The name must be the same or sound the same (sisters' names do not), two valid ids must
    not differ, and nothing may be contrary.
    """
    connection.execute(
        f"""
        CREATE OR REPLACE TABLE {into} AS
        SELECT least(roster_row, pupil_row) AS first, greatest(roster_row, pupil_row) AS second,
            max(weight) AS weight
        FROM weighed
        WHERE is_kept AND NOT is_contrary AND weight >= {weights.auto}
            AND (name_level IN ('same', 'sound') OR id_number_level = 'same')
            AND id_number_level <> 'differs' AND sex_level <> 'differs'
        GROUP BY ALL ORDER BY ALL
        """
    )


def decide_rows(connection: duckdb.DuckDBPyConnection, weights: Weights) -> None:
    """Make the table `lines` from `weighed`, `same_roster` and `same_pupils`.

    A row is `auto` when its best pupil weighs enough, the name and one more field that tells
    people apart speak for it (id, birth date, guardian, telephone), no other child comes near,
    neither id speaks against it and no other row has a better claim to the pupil; `review` when
    anything was kept; else `not_found`.
    """
    for statement in (_CANDIDATES, _TOPS, _CLAIMS, _ROWS, _LINES):
        connection.execute(
            statement.format(
                auto=weights.auto, margin=weights.margin, candidates=weights.candidates
            )
        )


_CANDIDATES = """
CREATE OR REPLACE TABLE candidates AS
SELECT *, row_number() OVER (
    PARTITION BY roster_row ORDER BY is_contrary AND name_weight <= 0, weight DESC, pupil_row
) AS place_in_row
FROM weighed WHERE is_kept
"""

# `is_again`: the pupil stands twice in the pupils' list (D2), so it is no rival of the best one.
_TOPS = """
CREATE OR REPLACE TABLE compared AS
SELECT c.*, t.pupil_row AS top_row,
    c.place_in_row > 1 AND NOT c.is_contrary AND c.sex_level <> 'differs'
        AND (c.name_level IN ('same', 'sound') OR c.name_weight > 0 AND c.plain_weight >= 0)
        AND (coalesce(c.pupil_id = t.pupil_id, false) OR s.first IS NOT NULL) AS is_again,
    c.place_in_row > 1 AND t.id_number_weight > 0 AND c.name_weight > t.name_weight
        AND c.plain_weight > t.plain_weight AS is_better_without_id,
    t.weight - c.weight AS behind
FROM candidates c
JOIN candidates t ON t.roster_row = c.roster_row AND t.place_in_row = 1
LEFT JOIN same_pupils s
    ON s.first = least(c.pupil_row, t.pupil_row) AND s.second = greatest(c.pupil_row, t.pupil_row)
"""

# Rows whose best pupil another row, not its duplicate, claims as well or better.
_CLAIMS = """
CREATE OR REPLACE TABLE disputed AS
SELECT DISTINCT mine.roster_row
FROM candidates mine
JOIN candidates other ON other.pupil_row = mine.pupil_row AND other.roster_row <> mine.roster_row
LEFT JOIN same_roster s
    ON s.first = least(mine.roster_row, other.roster_row)
    AND s.second = greatest(mine.roster_row, other.roster_row)
WHERE mine.place_in_row = 1 AND other.place_in_row = 1 AND s.first IS NULL
    AND NOT other.is_contrary AND other.weight > mine.weight - {margin}
    AND NOT (mine.id_number_level = 'same' AND other.id_number_level <> 'same')
"""

_ROWS = """
CREATE OR REPLACE TABLE judged AS
SELECT roster_row,
    bool_or(place_in_row = 1 AND weight >= {auto} AND name_weight > 0 AND NOT is_contrary
        AND id_number_level <> 'differs'
        AND NOT (birth_date_level = 'differs' AND sex_level = 'differs')
        AND greatest(id_number_weight, birth_date_weight, guardian_weight, phone_weight) > 0
    ) AS is_sound,
    bool_or(place_in_row = 1 AND id_number_level IN ('same', 'same_invalid')
        AND NOT is_contrary) AS is_by_id,
    bool_or(place_in_row > 1 AND is_contrary) AS has_contrary,
    bool_or(place_in_row > 1 AND NOT is_contrary AND NOT is_again AND behind < {margin})
        AS has_rival,
    bool_or(is_better_without_id AND NOT is_again) AS has_better,
    bool_or(d.roster_row IS NOT NULL) AS is_disputed
FROM compared LEFT JOIN disputed d USING (roster_row)
GROUP BY roster_row
"""

_LINES = """
CREATE OR REPLACE TABLE lines AS
WITH ruled AS (
    SELECT *, is_sound AND NOT has_rival AND NOT has_better AND NOT is_disputed
        AND (is_by_id OR NOT has_contrary) AS is_auto
    FROM judged
), chosen AS (
    SELECT c.*, r.is_auto, r.has_better
    FROM compared c JOIN ruled r USING (roster_row)
    WHERE c.place_in_row = 1
        OR r.is_auto AND c.is_again AND c.weight >= {auto}
        OR NOT r.is_auto AND c.place_in_row <= {candidates}
)
SELECT roster_row, pupil_row, place_in_row, CASE WHEN is_auto THEN 'auto' ELSE 'review' END AS decision,
    CASE
        WHEN is_contrary OR place_in_row = 1 AND has_better THEN 'C1'
        WHEN is_again THEN 'D2'
        WHEN is_auto THEN 'M'
        WHEN id_number_level = 'differs' THEN 'C2'
        ELSE 'A1'
    END AS code,
    weight, * EXCLUDE (roster_row, pupil_row, place_in_row, weight, is_auto, has_better)
FROM chosen
"""


def explain_lines(connection: duckdb.DuckDBPyConnection, roster: str, pupils: str) -> None:
    """Make the table `explained`: the lines with one level and weight a field, and `not_found`.

    Town and village were weighed together; the weight stands with the one that decided.
    """
    connection.execute(
        f"""
        CREATE OR REPLACE TABLE explained AS
        WITH fielded AS (
            SELECT l.* EXCLUDE (name_level, guardian_level, id_number_level),
                CASE WHEN name_level = 'same' AND a.name_written <> b.name_written
                    THEN 'variant' ELSE name_level END AS name_level,
                CASE WHEN guardian_level = 'same' AND a.guardian_written <> b.guardian_written
                    THEN 'variant' ELSE guardian_level END AS guardian_level,
                CASE WHEN id_number_level IN {SAME_ID} AND (a.id_mended OR b.id_mended)
                    THEN 'mended' ELSE id_number_level END AS id_number_level,
                CASE WHEN a.town IS NULL OR b.town IS NULL THEN 'missing'
                    WHEN a.town = b.town THEN 'same' ELSE 'differs' END AS town_level,
                CASE WHEN a.village IS NULL OR b.village IS NULL THEN 'missing'
                    WHEN a.village = b.village THEN 'same' ELSE 'differs' END AS village_level,
                CASE WHEN place_level IN ('town_only', 'town')
                        OR place_level = 'differs' AND a.town <> b.town
                    THEN place_weight ELSE 0 END AS town_weight,
                place_weight - town_weight AS village_weight
            FROM lines l
            JOIN {roster} a ON a.row_number = l.roster_row
            JOIN {pupils} b ON b.row_number = l.pupil_row
        ), coded AS (
            SELECT *, CASE
                WHEN code <> 'M' THEN code
                WHEN {" AND ".join(f"{one}_level IN ('same', 'missing')" for one in FIELDS)}
                THEN 'M0' ELSE 'M1' END AS told
            FROM fielded
        )
        SELECT roster_row, pupil_row, place_in_row, decision, told AS code, weight, capped,
            {", ".join(f"{one}_level, round({one}_weight, 2) AS {one}_weight" for one in FIELDS)}
        FROM coded
        UNION ALL BY NAME
        SELECT row_number AS roster_row, 1 AS place_in_row, 'not_found' AS decision, 'N1' AS code,
            0 AS weight, 0 AS capped
        FROM {roster} WHERE row_number NOT IN (SELECT roster_row FROM lines)
        ORDER BY roster_row, place_in_row
        """
    )
