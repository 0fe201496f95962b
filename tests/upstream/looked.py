"""What look-ups told, sorted into what they can say."""

from gateway.errors import SourceError
from gateway.numbers.e164 import E164
from gateway.upstream.lookups import Failed, Looked, Outcomes


def found(told: Outcomes) -> set[E164]:
    """The numbers that the source holds; each record is of the number it was asked for."""
    held = {e164: said.number for e164, said in told.items() if isinstance(said, Looked) and said.number is not None}
    assert all(number.e164 == e164 for e164, number in held.items())
    return set(held)


def absent(told: Outcomes) -> set[E164]:
    """The numbers of which the source says that it does not hold them."""
    return {e164 for e164, said in told.items() if isinstance(said, Looked) and said.number is None}


def failed(told: Outcomes) -> dict[E164, SourceError]:
    """The numbers of which the source could not say anything, and why."""
    return {e164: said.error for e164, said in told.items() if isinstance(said, Failed)}
