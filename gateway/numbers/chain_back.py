"""The cheap order backwards: it needs each source's end, so the sources are read whole, the last one first."""

from collections import Counter
from collections.abc import Generator, Sequence

from msgspec.structs import replace

from gateway.errors import AllSourcesFailed, SourceError
from gateway.numbers.chain import FURTHEST, is_within
from gateway.numbers.cursor import Place
from gateway.numbers.merge import Snapshot, Whole
from gateway.numbers.model import Number
from gateway.numbers.search import Search
from gateway.numbers.windows import Gap, Range, Read, Window

Answer = tuple[Whole, "Snapshot | SourceError"]


def chain_back(search: Search, wanted: Range, sources: Sequence[str]) -> Generator[Sequence[Whole], Answer, Window]:
    """The last rows before a place, or of all. Snapshots are in the sources' own order.

    Raises:
        AllSourcesFailed: not one of the sources that the page needed could be read.
    """
    size = wanted.last or 0
    found: list[tuple[Place, Number]] = []
    reads: list[Read] = []
    failures: dict[str, SourceError] = {}
    for source in sorted(sources, reverse=not search.order.descending):
        if len(found) > size or not is_within(source, wanted, search):
            reads.append(Read(source=source))
            continue
        _, answer = yield [Whole(source)]
        if isinstance(answer, SourceError):
            failures[source] = answer
            reads.append(Read(source=source, error=answer, gap=_gap(source, wanted)))
            continue
        reads.append(_account(source, answer))
        found += _last_rows(source, answer.rows, wanted, search, size + 1 - len(found))
    if (
        failures
        and not found
        and len(failures) == sum(read.error is not None or read.as_of is not None for read in reads)
    ):
        raise AllSourcesFailed(failures)
    kept = found[:size][::-1]
    held = Counter(number.origin.source for _, number in kept)
    return Window(
        numbers=tuple(number for _, number in kept),
        places=tuple(place for place, _ in kept),
        has_next=wanted.before is not None,
        has_previous=len(found) > size,
        total=None,
        complete=not any(read.error is not None or read.awaiting for read in reads),
        reads=tuple(replace(read, rows_kept=held[read.source]) for read in reads),
    )


def _last_rows(
    source: str, rows: Sequence[Number], wanted: Range, search: Search, count: int
) -> list[tuple[Place, Number]]:
    """The last matching rows of a source between the two places, the very last one first."""
    start = 0 if (place := _here(source, wanted.after)) is None else _index(rows, place) + 1
    stop = len(rows) if (place := _here(source, wanted.before)) is None else _index(rows, place)
    admits = search.admits
    taken: list[tuple[Place, Number]] = []
    for offset in range(min(stop, len(rows)) - 1, start - 1, -1):
        if len(taken) == count:
            break
        if admits(rows[offset]):
            taken.append((Place((source, offset, rows[offset].e164[1:])), rows[offset]))
    return taken


def _here(source: str, place: Place | None) -> Place | None:
    return place if place is not None and place.key[0] == source else None


def _index(rows: Sequence[Number], place: Place) -> int:
    """Where the place's number stands now; where it stood, when it is gone."""
    offset, digits = int(place.key[1]), place.key[2]
    moved = (index for index, number in enumerate(rows) if number.e164[1:] == digits)
    return next(moved, offset) if digits else offset


def _account(source: str, held: Snapshot) -> Read:
    return Read(
        source=source,
        rows_read=held.sent,
        rows_skipped=held.skipped,
        as_of=None if held.awaiting else held.as_of,
        stale=held.stale,
        awaiting=held.awaiting,
        remarks=held.drift,
    )


def _gap(source: str, wanted: Range) -> Gap:
    return Gap(
        _here(source, wanted.after) or Place((source, -1, "")),
        _here(source, wanted.before) or Place((source, FURTHEST, "")),
    )
