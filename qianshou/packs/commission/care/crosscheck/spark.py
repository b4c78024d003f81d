"""Splink's Spark backend, for a whole city; pyspark is an optional extra."""

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any

from qianshou.kernel.refusal import Refusal

LOCAL_PARTITIONS = "8"


def require_spark() -> None:
    """Refuse when Spark is not installed."""
    if importlib.util.find_spec("pyspark") is None:
        raise Refusal(
            "crosscheck.no_spark",
            "本机没有安装 Spark。请先执行 pip install qianshou[spark]（另需 Java 17），或改用默认引擎。",
            "Spark is not installed here. Run pip install qianshou[spark] (it also needs Java 17), "
            "or use the default engine.",
            "engine",
        )


@contextmanager
def open_spark() -> Iterator[Any]:
    """Hold Splink's backend on a session of its own in the Spark that is configured here."""
    require_spark()
    from pyspark.sql import SparkSession
    from splink.backends.spark import SparkAPI, similarity_jar_location

    started = (
        SparkSession.builder.appName("crosscheck")
        .config("spark.jars", similarity_jar_location())
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .getOrCreate()
    )
    started.sparkContext.setLogLevel("ERROR")
    session = started.newSession()
    if started.sparkContext.master.startswith("local"):
        session.conf.set("spark.sql.shuffle.partitions", LOCAL_PARTITIONS)
    with TemporaryDirectory(prefix="crosscheck-") as folder:
        session.sparkContext.setCheckpointDir(folder)
        backend: Any = SparkAPI
        yield backend(spark_session=session)
