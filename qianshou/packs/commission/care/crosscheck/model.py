"""The comparison model as Splink reads it: our levels, our blocking, the published weights."""

from typing import Any

from qianshou.packs.commission.care.crosscheck.weights import Weights

# Conditions in the order in which they are asked; the first that holds is the level.
COMPARISONS: dict[str, tuple[tuple[str, str], ...]] = {
    "name": (
        ("missing", "name_l IS NULL OR name_r IS NULL"),
        ("same", "name_l = name_r"),
        ("sound", "sound_l = sound_r"),
        (
            "one_character",
            "length(name_l) = length(name_r) AND length(name_l) > 2"
            " AND damerau_levenshtein(name_l, name_r) <= 1",
        ),
        ("one_edit", "clan_l = clan_r AND damerau_levenshtein(name_l, name_r) <= 1"),
        ("surname", "clan_l = clan_r"),
        ("differs", "ELSE"),
    ),
    "id_number": (
        ("missing", "id_number_l IS NULL OR id_number_r IS NULL"),
        ("same", "id_number_l = id_number_r AND id_valid_l = 1"),
        ("same_invalid", "id_number_l = id_number_r"),
        ("differs", "id_valid_l = 1 AND id_valid_r = 1"),
        ("one_digit", "damerau_levenshtein(id_number_l, id_number_r) <= 1"),
        ("id15", "substr(id_number_l, 1, 15) = substr(id_number_r, 1, 15)"),
        ("two_digits", "damerau_levenshtein(id_number_l, id_number_r) <= 2"),
        ("unclear", "ELSE"),
    ),
    "birth_date": (
        ("missing", "born_l IS NULL OR born_r IS NULL"),
        ("same", "born_l = born_r"),
        ("year", "abs(born_l - born_r) BETWEEN 365 AND 366"),
        ("near", "abs(born_l - born_r) <= 9"),
        ("lunar", "abs(born_l - born_r) BETWEEN 19 AND 51"),
        ("differs", "ELSE"),
    ),
    "sex": (
        ("missing", "sex_l IS NULL OR sex_r IS NULL"),
        ("same", "sex_l = sex_r"),
        ("differs", "ELSE"),
    ),
    "place": (
        (
            "missing",
            "(town_l IS NULL OR town_r IS NULL) AND (village_l IS NULL OR village_r IS NULL)",
        ),
        ("village", "village_l = village_r AND coalesce(town_l = town_r, true)"),
        ("town_only", "town_l = town_r AND (village_l IS NULL OR village_r IS NULL)"),
        ("town", "town_l = town_r"),
        ("differs", "ELSE"),
    ),
    "school": (
        ("missing", "school_l IS NULL OR school_r IS NULL"),
        ("same", "school_l = school_r"),
        ("differs", "ELSE"),
    ),
    "guardian": (
        ("missing", "guardian_l IS NULL OR guardian_r IS NULL"),
        ("same", "guardian_l = guardian_r"),
        ("sound", "guardian_sound_l = guardian_sound_r"),
        ("differs", "ELSE"),
    ),
    "phone": (
        ("missing", "phone_l IS NULL OR phone_r IS NULL"),
        ("same", "phone_l = phone_r"),
        ("differs", "ELSE"),
    ),
}
RARE_LEVELS = ("same", "sound")
# What two rows must share to be looked at: the keys of the left and of the right row, which
# `preparing` makes. A first15 counts only against a number that is no valid one (`cut`).
BLOCKS: dict[str, tuple[str, str]] = {
    "id": ("id", "id"),
    "sound_birth": ("sound_birth", "sound_birth"),
    "left_cut": ("cut", "first15"),
    "right_cut": ("first15", "cut"),
    "birth_town": ("birth_town", "birth_town"),
    "sound_town": ("sound_town", "sound_town"),
    "phone": ("phone", "phone"),
    "guardian_clan": ("guardian_clan", "guardian_clan"),
    "sound_school": ("sound_school", "sound_school"),
    "birth_clan_sex": ("birth_clan_sex", "birth_clan_sex"),
    "sound_month": ("sound_month", "sound_month"),
    "sound_alone": ("alone", "sound"),
}
ALL_BLOCKS = tuple(BLOCKS)
STRICT_BLOCKS = ("id", "sound_birth")
# u of every level: only m/u counts, and m = u * 2**weight must stay a number.
_U = 2.0**-32


def number_levels(comparison: str) -> dict[int, str]:
    """Return the level of each number that Splink gives: -1 missing, then from the last up."""
    names = [name for name, _ in COMPARISONS[comparison]]
    return {-1: names[0], **{len(names) - 1 - at: names[at] for at in range(1, len(names))}}


def list_keys(blocks: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of the keys that `blocks` compare, each once."""
    return tuple(dict.fromkeys(key for block in blocks for key in BLOCKS[block]))


def describe_model(
    weights: Weights, link: str, prior: float, blocks: tuple[str, ...]
) -> dict[str, Any]:
    """Return Splink's settings: `link` is link_only or dedupe_only, `prior` a probability."""
    return {
        "link_type": link,
        "unique_id_column_name": "row_number",
        "source_dataset_column_name": "side",
        "probability_two_random_records_match": prior,
        "comparisons": [_describe_comparison(name, weights) for name in COMPARISONS],
        "blocking_rules_to_generate_predictions": [
            {"blocking_rule": f"l.by_{BLOCKS[block][0]} = r.by_{BLOCKS[block][1]}"}
            for block in blocks
        ],
        "retain_matching_columns": True,
        "retain_intermediate_calculation_columns": True,
        "linker_uid": "crosscheck",
    }


def _describe_comparison(comparison: str, weights: Weights) -> dict[str, Any]:
    levels: list[dict[str, Any]] = []
    for level, condition in COMPARISONS[comparison]:
        if level == "missing":
            levels.append(
                {"sql_condition": condition, "label_for_charts": level, "is_null_level": True}
            )
            continue
        weight = weights.levels[comparison][level]
        described: dict[str, Any] = {
            "sql_condition": condition,
            "label_for_charts": level,
            "m_probability": _U * 2.0**weight,
            "u_probability": _U,
        }
        if comparison == "name" and level in RARE_LEVELS:
            # Splink adds log2(u) - log2(share of the name); with u = 1 that is the rarity.
            described |= {
                "m_probability": 2.0**weight,
                "u_probability": 1.0,
                "tf_adjustment_column": "name",
                "tf_minimum_u_value": 2.0**-weights.rarity_most,
                "disable_tf_exact_match_detection": True,
            }
        levels.append(described)
    return {"output_column_name": comparison, "comparison_levels": levels}
