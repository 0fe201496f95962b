"""Log lines of a served gateway: one JSON object each on standard error, whoever wrote them."""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TextIO

import msgspec
from structlog.contextvars import get_contextvars

EXTRAS = ("request_id", "method", "status", "ms")
"""What a line may say beside its text; nothing else that a library adds to its own is written."""

NUMBER = re.compile(r"\+[0-9]{6,15}|(?<![0-9a-zA-Z.])[0-9]{9,15}(?![0-9a-zA-Z])")
"""What reads like a telephone number."""

_JSON = json.JSONEncoder(default=repr)


def write_json_lines(stream: TextIO | None = None) -> logging.Handler:
    """From now on everything that is logged is a JSON line: the gateway's own from INFO, of libraries from WARNING."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    logging.getLogger().addHandler(handler)
    logging.getLogger("gateway").setLevel(logging.INFO)
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False  # no line says these: not looked for
    return handler


class JsonLines(logging.Formatter):
    """What the request under way is bound to, then the record; the text of an unforeseen failure may quote what was asked."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line = {
            **get_contextvars(),
            "event": _without_numbers(record.getMessage()),
            "level": record.levelname.lower(),
            "logger": record.name,
            "timestamp": _timestamp(record.created),
        }
        line |= {name: record.__dict__[name] for name in EXTRAS if name in record.__dict__}
        if record.exc_info:
            line["exception"] = _without_numbers(self.formatException(record.exc_info))
        return _encoded(line)


@lru_cache(1)
def _second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _timestamp(created: float) -> str:
    """The time in UTC; lines of one second share all but the microseconds."""
    return f"{_second(int(created))}.{int(created % 1 * 1_000_000):06d}Z"


def _encoded(line: dict[str, Any]) -> str:
    """JSON in ASCII: a terminal could take other characters for its own. Nearly all lines are without them."""
    try:
        text = msgspec.json.encode(line, enc_hook=repr)
    except UnicodeEncodeError:
        return _JSON.encode(line)
    return text.decode() if text.isascii() else _JSON.encode(line)


def _without_numbers(text: str) -> str:
    return NUMBER.sub("<number>", text)
