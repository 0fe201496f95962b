"""Log lines of a served gateway: one JSON object each on standard error, whoever wrote them."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import msgspec
from structlog.contextvars import merge_contextvars
from structlog.processors import JSONRenderer, TimeStamper, format_exc_info
from structlog.stdlib import ExtraAdder, ProcessorFormatter, add_log_level, add_logger_name

EXTRAS = ("method", "status", "ms")
"""What a line may say beside its text; nothing else that a library adds to its own is written."""

NUMBER = re.compile(r"\+[0-9]{6,15}|(?<![0-9a-zA-Z.])[0-9]{9,15}(?![0-9a-zA-Z])")
"""What reads like a telephone number."""


def write_json_lines(stream: TextIO | None = None) -> logging.Handler:
    """From now on everything that is logged is a JSON line: the gateway's own from INFO, of libraries from WARNING."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=[merge_contextvars, add_log_level, add_logger_name, ExtraAdder(allow=EXTRAS)],
            processors=[
                ProcessorFormatter.remove_processors_meta,
                TimeStamper(fmt="iso", utc=True),
                format_exc_info,
                _without_numbers,
                JSONRenderer(_json),
            ],
        )
    )
    logging.getLogger().addHandler(handler)
    logging.getLogger("gateway").setLevel(logging.INFO)
    return handler


def _json(line: dict[str, Any], **_: Any) -> str:  # noqa: ANN401 - json's own
    return msgspec.json.encode(line, enc_hook=repr).decode()


def _without_numbers(_: object, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The text of an unforeseen failure may quote what was asked."""
    for name in ("event", "exception"):
        if name in line:
            line[name] = NUMBER.sub("<number>", str(line[name]))
    return line
