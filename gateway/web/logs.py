"""Log lines of a served gateway: one JSON object each on standard error, whoever wrote them."""

import json
import logging
import re
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TextIO

import msgspec
from structlog.contextvars import get_contextvars

NUMBER = re.compile(r"\+[0-9]{6,15}|(?<![0-9a-zA-Z.])[0-9]{9,15}(?![0-9a-zA-Z])")
"""What reads like a telephone number."""

_JSON = json.JSONEncoder(default=repr)
_PLAIN = logging.Formatter()


def write_json_lines(stream: TextIO | None = None) -> logging.Handler:
    """From now on everything that is logged is a JSON line: the gateway's own from INFO, of libraries from WARNING."""
    handler = JsonLines(stream or sys.stderr)
    logging.getLogger().addHandler(handler)
    logging.getLogger("gateway").setLevel(logging.INFO)
    return handler


def write_often(logger: logging.Logger, event: str, told: Mapping[str, Any]) -> None:
    """An INFO line that comes so often that no record is made of it: that costs three times what the line does."""
    if logger.isEnabledFor(logging.INFO):
        for handler in logging.getLogger().handlers:
            if isinstance(handler, JsonLines):
                handler.write(logger.name, event, told)


class JsonLines(logging.StreamHandler[TextIO]):
    """What the request under way is bound to, then what is told of it; nothing that a library adds to its own lines."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record; the text of an unforeseen failure may quote what was asked."""
        event, told = _without_numbers(record.getMessage()), {}
        if record.exc_info:
            told["exception"] = _without_numbers(_PLAIN.formatException(record.exc_info))
        return _line(record.name, event, record.levelname, record.created, told)

    def write(self, name: str, event: str, told: Mapping[str, Any]) -> None:
        """Write a line at once; where it cannot be written, whoever asks is answered all the same."""
        try:
            self.stream.write(_line(name, event, "INFO", time.time(), told) + self.terminator)
            self.stream.flush()
        except (OSError, ValueError):
            return


def _line(name: str, event: str, level: str, created: float, told: Mapping[str, Any]) -> str:
    at = _timestamp(created)
    bound = get_contextvars()
    return _encoded({**bound, "event": event, "level": level.lower(), "logger": name, "timestamp": at, **told})


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
