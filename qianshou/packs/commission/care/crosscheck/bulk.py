"""Cleaning of whole columns: each distinct value once, well-formed ids and phones untouched."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from qianshou.packs.commission.care.crosscheck.characters import surname_sound
from qianshou.packs.commission.care.crosscheck.cleaning import (
    clean_birth_date,
    clean_identity,
    clean_phone,
    clean_sex,
    simplify_name,
    sound_name,
    surname_of,
    write_guardian,
    write_name,
)
from qianshou.packs.commission.care.crosscheck.places import (
    clean_school,
    clean_town,
    clean_village,
    town_in_village,
)

_EPOCH = date(1970, 1, 1)
_GOOD_IDENTITY = "^[0-9]{17}[0-9X]$"
_GOOD_PHONE = "^1[0-9]{10}$"


def clean_columns(table: pa.Table) -> pa.Table:
    """Return the comparable columns of a roster's table, in its order of rows."""
    made: dict[str, Any] = {"row_number": table["row"].cast(pa.int64()).combine_chunks()}
    made |= _clean_people("name", write_name, table)
    made["clan"] = _over_distinct(made["name"], lambda name: surname_sound(surname_of(name)))
    made |= _clean_people("guardian", write_guardian, table)
    made |= _clean_identities(_column(table, "id_number"))
    made["born_stated"] = _over_distinct(_column(table, "birth_date"), _count_days, kind=pa.int32())
    made["sex_stated"] = _over_distinct(_column(table, "sex"), clean_sex)
    village = _column(table, "village")
    town = _over_distinct(_column(table, "town"), clean_town)
    made["town"] = pc.coalesce(town, _over_distinct(village, town_in_village))
    made["village"] = _over_distinct(village, clean_village)
    made["school"] = _over_distinct(_column(table, "school"), clean_school)
    phone = _column(table, "phone")
    made["phone"] = _mend(phone, _GOOD_PHONE, clean_phone)
    return pa.table(made)


def _column(table: pa.Table, field: str) -> pa.Array:
    if field not in table.column_names:
        return pa.nulls(len(table), pa.string())
    column = table[field].cast(pa.string()).combine_chunks()
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _over_distinct(
    column: pa.Array, clean: Callable[[str], Any], kind: pa.DataType | None = None
) -> pa.Array:
    encoded = column.dictionary_encode()
    cleaned = [clean(value) for value in encoded.dictionary.to_pylist()]
    return _spread(cleaned, kind or pa.string(), encoded)


def _clean_people(
    field: str, write: Callable[[str], str | None], table: pa.Table
) -> dict[str, pa.Array]:
    encoded = _column(table, field).dictionary_encode()
    written = [write(value) for value in encoded.dictionary.to_pylist()]
    names = [name and simplify_name(name) for name in written]
    sounds = [name and sound_name(name) for name in names]
    sound = "sound" if field == "name" else f"{field}_sound"
    return {
        f"{field}_written": _spread(written, pa.string(), encoded),
        field: _spread(names, pa.string(), encoded),
        sound: _spread(sounds, pa.string(), encoded),
    }


def _count_days(text: str) -> int | None:
    born = clean_birth_date(text)
    return None if born is None else (born - _EPOCH).days


def _mend(column: pa.Array, good: str, clean: Callable[[str], str | None]) -> pa.Array:
    is_good = pc.fill_null(pc.match_substring_regex(column, good), False)
    cleaned = _over_distinct(pc.if_else(is_good, pa.scalar(None, pa.string()), column), clean)
    return pc.if_else(is_good, column, cleaned)


def _clean_identities(column: pa.Array) -> dict[str, pa.Array]:
    is_good = pc.fill_null(pc.match_substring_regex(column, _GOOD_IDENTITY), False)
    rest = pc.if_else(is_good, pa.scalar(None, pa.string()), column).dictionary_encode()
    identities = [clean_identity(value) for value in rest.dictionary.to_pylist()]
    numbers = _spread([one and one.number for one in identities], pa.string(), rest)
    mended = _spread([one is not None and one.mended for one in identities], pa.bool_(), rest)
    return {
        "id_number": pc.if_else(is_good, column, numbers),
        "id_mended": pc.fill_null(mended, False),
    }


def _spread(values: Sequence[Any], kind: pa.DataType, encoded: pa.DictionaryArray) -> pa.Array:
    return pa.array(values, kind).take(encoded.indices)
