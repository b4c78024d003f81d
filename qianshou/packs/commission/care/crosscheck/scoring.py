"""Splink at work: candidates, comparison vectors and match weights on DuckDB or on Spark."""

import importlib.util
import logging
from typing import Any

import duckdb
import pyarrow as pa
from splink import DuckDBAPI, Linker

from qianshou.kernel.refusal import Refusal
from qianshou.packs.commission.care.crosscheck.model import COMPARISONS, describe_model
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
    chosen = ", ".join((*COLUMNS, *(f"by_{block}" for block in blocks)))
    if engine == "spark":
        sources = [connection.sql(f"SELECT {chosen} FROM {one}").to_arrow_table() for one in tables]
        connection.register("predicted", _score_on_spark(sources, tables, settings, shares, least))
        _add_pairs(connection, "predicted")
        connection.unregister("predicted")
        return
    backend = DuckDBAPI(connection)
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


def _score_on_spark(
    sources: list[pa.Table],
    names: tuple[str, ...],
    settings: dict[str, Any],
    shares: pa.Table,
    least: float | None,
) -> pa.Table:
    require_spark()
    import tempfile

    from pyspark.sql import SparkSession
    from splink.backends.spark import SparkAPI, similarity_jar_location

    session = (
        SparkSession.builder.appName("crosscheck")
        .config("spark.jars", similarity_jar_location())
        .config("spark.ui.enabled", "false")
        .getOrCreate()
    )
    with tempfile.TemporaryDirectory() as folder:
        session.sparkContext.setCheckpointDir(folder)
        backend = SparkAPI(spark_session=session)
        inputs = [
            backend.register(source, table_name=name)
            for source, name in zip(sources, names, strict=True)
        ]
        return _predict(backend, inputs, settings, shares, least).as_pyarrow_table()


def require_spark() -> None:
    """Refuse when Spark is not installed."""
    if importlib.util.find_spec("pyspark") is None:
        raise Refusal(
            "crosscheck.no_spark",
            "本机没有安装 Spark 运行环境。请先执行 pip install qianshou[spark]（需要 Java 17），或改用默认引擎。",
            "Spark is not installed here. Run pip install qianshou[spark] (it needs Java 17), "
            "or use the default engine.",
            "engine",
        )
