"""What became different about a number at one source: the entries of the change log."""

from datetime import datetime
from enum import Enum

from msgspec import Struct

from gateway.numbers.e164 import E164
from gateway.numbers.model import Number


class ChangeKind(Enum):
    """What happened to a number at its source."""

    ADDED = "ADDED"
    UPDATED = "UPDATED"
    REMOVED = "REMOVED"


class Difference(Struct, frozen=True, kw_only=True):
    """A change that has no place in the log yet.

    ``number`` is the record now, None when it was removed; ``previous`` is the one before, None when it was added.
    ``at`` is when the gateway learned of it, in UTC.
    """

    number: Number | None
    previous: Number | None
    at: datetime

    @property
    def kind(self) -> ChangeKind:
        """Which of the two records there are says it."""
        if self.number is None:
            return ChangeKind.REMOVED
        return ChangeKind.ADDED if self.previous is None else ChangeKind.UPDATED

    @property
    def known(self) -> Number:
        """The record now, of a removed number the last one."""
        known = self.number or self.previous
        assert known is not None
        return known

    @property
    def source(self) -> str:
        """The source that holds or held it."""
        return self.known.origin.source

    @property
    def e164(self) -> E164:
        """The number."""
        return self.known.e164

    @property
    def id(self) -> str:
        """The id of the ``PhoneNumber``, also of one that was removed."""
        return self.known.id


class Change(Difference, frozen=True, kw_only=True):
    """A change at its place in the log: ``sequence`` counts from 1 over all sources, without gaps."""

    sequence: int
