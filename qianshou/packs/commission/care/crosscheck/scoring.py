"""Splink at work: candidates, comparison vectors and match weights on DuckDB or on Spark."""

import logging
from typing import Any

import duckdb
import pyarrow as pa
from splink import DuckDBAPI, Linker

from qianshou.packs.commission.care.crosscheck.model import (
    COMPARISONS,
    describe_model,
    list_keys,
)
from qianshou.packs.commission.care.crosscheck.spark import open_spark
from qianshou.packs.commission.care.crosscheck.weights import Weights

ENGINES = ("duckdb", "spark")
COLUMNS = (
    "side", "row_number", "name", "sound", "clan", "id_number", "id_valid", "born", "sex", "town",
    "village", "school", "guardian", "guardian_sound", "phone",
)  # fmt: skip


def score_pairs(
    connection: duckdb.DuckDBPyConnection,
    tables: tuple[str, ...],
    blocks: tuple[str, ...],
    shares: pa.Table,
    rows: int,
    weights: Weights,
    engine: str,
    least: float | None,
) -> None:
    """Add the pairs of one list with itself, or of two with each other, to the table `pairs`.

    The left row is of the first table. `rows` is the number of rows a row could be found
    among (the prior); pairs that weigh less than `least` are left out.
    """
    logging.getLogger("splink").setLevel(logging.ERROR)
    link = "link_only" if len(tables) == 2 else "dedupe_only"
    settings = describe_model(weights, link, 1 / (1 + rows), blocks)
    chosen = ", ".join((*COLUMNS, *(f"by_{key}" for key in list_keys(blocks))))
    if engine == "spark":
        sources = [connection.sql(f"SELECT {chosen} FROM {one}").to_arrow_table() for one in tables]
        with open_spark() as city:
            registered = [
                city.register(source, table_name=one)
                for source, one in zip(sources, tables, strict=True)
            ]
            predicted = _predict(city, registered, settings, shares, least)
            connection.register("predicted", predicted.as_pyarrow_table())
        _add_pairs(connection, "predicted")
        connection.unregister("predicted")
        return
    backend: Any = DuckDBAPI(connection)
    for one in tables:
        connection.execute(f"CREATE OR REPLACE TEMP VIEW seen_{one} AS SELECT {chosen} FROM {one}")
    inputs = [backend.register(f"seen_{one}", table_name=one) for one in tables]
    predicted = _predict(backend, inputs, settings, shares, least)
    _add_pairs(connection, predicted.physical_name)
    connection.unregister("name_shares")
    backend.delete_tables_created_by_splink_from_db()


def _add_pairs(connection: duckdb.DuckDBPyConnection, predicted: str) -> None:
    names = ", ".join(f"gamma_{one}, mw_{one}" for one in COMPARISONS)
    chosen = (
        "row_number_l, row_number_r, id_number_r, id_valid_r, match_weight, mw_tf_adj_name, "
        f"{names}"
    )
    source = f"SELECT {chosen} FROM {predicted}"
    connection.execute(f"CREATE TABLE IF NOT EXISTS pairs AS {source} LIMIT 0")
    connection.execute(
        f"INSERT INTO pairs {source} ANTI JOIN pairs USING (row_number_l, row_number_r)"
    )


def _predict(
    backend: Any,
    inputs: list[Any],
    settings: dict[str, Any],
    shares: pa.Table,
    least: float | None,
) -> Any:
    linker = Linker(inputs, settings, log_level=None, validate_settings=False)
    known = backend.register(shares, table_name="name_shares")
    linker.table_management.register_term_frequency_lookup(known, "name")
    return linker.inference.predict(threshold_match_weight=least, warning_mode="never")
