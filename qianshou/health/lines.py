"""One JSON object a line, for a machine that reads logs; no line bears what a person wrote."""

import json
import logging
import traceback
from datetime import UTC, datetime
from typing import Any


class JsonLines(logging.Formatter):
    """Writes the time, the level, who says it and what; of an exception its kind and its places.

    Words that were put into a message are left out but for numbers, and so is what an exception
    says: a path, a value or a constraint may name a person. The request's mark leads to the rest.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        told: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "by": record.name,
            "what": str(record.msg) if record.args or record.name.startswith("qianshou") else "",
            **getattr(record, "told", {}),
        }
        args = record.args if isinstance(record.args, tuple) else ()
        if numbers := [one for one in args if isinstance(one, int | float)]:
            told["numbers"] = numbers
        if record.exc_info and record.exc_info[0] is not None:
            told["exception"] = record.exc_info[0].__name__
            told["places"] = [
                f"{frame.filename}:{frame.lineno} {frame.name}"
                for frame in traceback.extract_tb(record.exc_info[2])[-12:]
            ]
        return json.dumps(told, ensure_ascii=False)
