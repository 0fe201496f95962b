"""Numbers as text and back: JSON with the details of whichever provider the source has."""

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from gateway.numbers.model import Number, Record
from gateway.providers.protocol import Source

D = TypeVar("D")


class _Detailed(Struct, Generic[D]):
    """What of a number's text differs between providers."""

    details: D


_NUMBER = msgspec.json.Decoder(Number)


class Records:
    """Writes and reads the numbers of these sources; of others everything but the details is read."""

    def __init__(self, sources: Mapping[str, Source]) -> None:
        detailed: Any = _Detailed
        self._details: dict[str, msgspec.json.Decoder[_Detailed[Record]]] = {
            name: msgspec.json.Decoder(detailed[source.Details]) for name, source in sources.items()
        }

    def written(self, number: Number | None) -> str | None:
        """A number as text."""
        return None if number is None else msgspec.json.encode(number).decode()

    def read(self, source: str, text: str | None) -> Number | None:
        """The number of a text, with its source's details."""
        if text is None:
            return None
        number = _NUMBER.decode(text)
        details = self._details[source].decode(text).details if source in self._details else number.details
        return replace(number, details=details)
