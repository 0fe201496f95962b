"""The connection: one window of the merged list as edges, page info and the account of every source."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import cast

import strawberry
from msgspec import Struct, structs
from strawberry import Info

from gateway.errors import BadUserInput
from gateway.numbers import windows as merged
from gateway.numbers.cursor import Place, newcomers, tokens_of
from gateway.numbers.model import Number
from gateway.numbers.search import Search
from gateway.numbers.windows import Range, Read, Window
from gateway.schema.context import Context
from gateway.schema.phone_number import PhoneNumber
from gateway.schema.selections import selections_of
from gateway.schema.source import Gap, SourceReport, source_named, told
from gateway.schema.vocabulary import SourceStatus
from gateway.upstream.errand import Errand

DEFAULT_PAGE = 50


@strawberry.type(description="Where a page stands in the whole list.")
class PageInfo:
    """Relay, Cursor Connections, section 5. The values are ``Bounds`` records."""

    has_next_page: bool = strawberry.field(description="Whether more rows follow.")
    has_previous_page: bool = strawberry.field(description="Whether rows come before.")
    start_cursor: str | None = strawberry.field(description="The first edge's cursor; null on an empty page.")
    end_cursor: str | None = strawberry.field(description="The last edge's cursor; null on an empty page.")


@strawberry.type(description="A number and its place in the list.")
class PhoneNumberEdge:
    """Relay, Cursor Connections, section 3. The values are ``Edge`` records."""

    cursor: str = strawberry.field(
        description="Opaque; pass it back as `after` or `before` with the same filter and order."
    )
    node: PhoneNumber = strawberry.field(description="The number.")


class Asked(Struct, frozen=True):
    """A window and what it was asked with; ``encode`` makes its places text."""

    window: Window
    encode: Callable[[Place], str]
    errand: Errand
    skipped: tuple[str, ...]
    context: Context
    sources: bytes = b""

    def cursor(self, place: Place) -> str:
        """A place as text."""
        return self.encode(Place(place.key, place.hints, self.sources))


class Edge(Struct, frozen=True):
    """A row and its place; the cursor is made when somebody asks for it."""

    asked: Asked
    place: Place
    node: Number

    @property
    def cursor(self) -> str:
        """The place as text."""
        return self.asked.cursor(self.place)


class Bounds(Struct, frozen=True):
    """Where a page stands; the cursors are made when somebody asks for them."""

    asked: Asked

    @property
    def has_next_page(self) -> bool:
        """Of the window."""
        return self.asked.window.has_next

    @property
    def has_previous_page(self) -> bool:
        """Of the window."""
        return self.asked.window.has_previous

    @property
    def start_cursor(self) -> str | None:
        """The first row's place."""
        places = self.asked.window.places
        return self.asked.cursor(places[0]) if places else None

    @property
    def end_cursor(self) -> str | None:
        """Where the walk goes on, else the last row's place."""
        places, end = self.asked.window.places, self.asked.window.end
        return self.asked.cursor(end or places[-1]) if end or places else None


def _edges(asked: strawberry.Parent[Asked]) -> list[PhoneNumberEdge]:
    rows = zip(asked.window.places, asked.window.numbers, strict=True)
    return cast("list[PhoneNumberEdge]", [Edge(asked, place, number) for place, number in rows])


def _nodes(asked: strawberry.Parent[Asked]) -> list[PhoneNumber]:
    return cast("list[PhoneNumber]", asked.window.numbers)


def _page_info(asked: strawberry.Parent[Asked]) -> PageInfo:
    return cast("PageInfo", Bounds(asked))


def _total_count(asked: strawberry.Parent[Asked]) -> int | None:
    return asked.window.total


def _complete(asked: strawberry.Parent[Asked]) -> bool:
    return asked.window.complete


def _reports(asked: strawberry.Parent[Asked]) -> list[SourceReport]:
    reports = [_report(asked, read) for read in asked.window.reads]
    reports += [_not_asked(asked, name) for name in asked.skipped]
    return sorted(reports, key=lambda report: report.source.name)


@strawberry.type(description="One page of the merged list of all sources.")
class PhoneNumberConnection:
    """The values are ``Asked`` records."""

    edges: list[PhoneNumberEdge] = strawberry.field(resolver=_edges, description="The numbers with their cursors.")
    nodes: list[PhoneNumber] = strawberry.field(resolver=_nodes, description="The numbers alone.")
    page_info: PageInfo = strawberry.field(resolver=_page_info, description="Where this page stands.")
    total_count: int | None = strawberry.field(
        resolver=_total_count,
        description="Matching rows in all asked sources: exact, or null when some source cannot tell. Computed only when selected.",
    )
    complete: bool = strawberry.field(
        resolver=_complete,
        description="True exactly when every asked source has been read in full for this page's range.",
    )
    sources: list[SourceReport] = strawberry.field(
        resolver=_reports, description="What each source gave to this page, in name order."
    )

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        """Every ``Asked`` record is one."""
        return isinstance(value, Asked)


def span_of(
    first: int | None, after: str | None, last: int | None, before: str | None, search: Search, context: Context
) -> Range:
    """The wanted part of the list.

    Raises:
        BadUserInput: a count that is negative or too large, or both counts.
        CursorInvalid: a cursor that is none.
        CursorMismatch: a cursor of another filter or order.
    """
    if first is not None and last is not None:
        msg = "Give first or last, not both: first pages forwards, last backwards."
        raise BadUserInput(msg)
    for name, count in (("first", first), ("last", last)):
        _check_count(name, count, context.rooms.limits.page_size)
    signer = context.rooms.signer
    return Range(
        first=DEFAULT_PAGE if first is None and last is None else first,
        last=last,
        after=None if after is None else signer.decode(after, search),
        before=None if before is None else signer.decode(before, search),
    )


def _check_count(name: str, count: int | None, most: int) -> None:
    if count is not None and not 0 <= count <= most:
        msg = f"{name} is {count}; it takes 0 to {most}."
        raise BadUserInput(msg)


async def connect(search: Search, span: Range, max_staleness: timedelta | None, info: Info[Context, None]) -> Asked:
    """The window of the asker's sources; the ones that the filter excludes are not asked.

    Raises:
        AllSourcesFailed: not one of them could be read.
    """
    context = info.context
    errand = context.errand(max_staleness)
    asked = context.rooms.inventory.asked(context.asker.sources, search.wanted)
    raw = info._raw_info  # noqa: SLF001 - Strawberry's own form of what is selected is made anew each time
    counted = selections_of(raw.operation, raw.fragments.values()).mentions(raw.field_nodes, "totalCount")
    window = await context.rooms.inventory.window(search, span, asked, errand, counted=counted)
    if not window.complete:
        errand.lacks()
    skipped = tuple(name for name in context.asker.sources if name not in asked)
    encode = context.rooms.signer.encoder(search)
    return Asked(_with_newcomers(window, span, asked), encode, errand, skipped, context, tokens_of(asked))


def _with_newcomers(window: Window, span: Range, asked: Sequence[str]) -> Window:
    """The account of sources that came after the walk had begun: they are read from here on, and lack what is before."""
    place, back = (span.before, True) if span.last is not None else (span.after, False)
    new = set() if place is None else set(newcomers(place, asked))
    if not new:
        return window
    gap = merged.Gap(place, None) if back else merged.Gap(None, place)
    reads = [structs.replace(read, gap=read.gap or gap) if read.source in new else read for read in window.reads]
    return structs.replace(window, reads=tuple(reads))


def _report(asked: Asked, read: Read, status: SourceStatus | None = None) -> SourceReport:
    return SourceReport(
        source=source_named(read.source, asked.context),
        status=status or _status(read),
        rows_read=read.rows_read,
        rows_kept=read.rows_kept,
        rows_skipped=read.rows_skipped,
        total_count=read.total,
        as_of=read.as_of,
        upstream_calls=asked.errand.calls[read.source],
        remarks=list(read.remarks),
        error=None if read.error is None else told(read.error),
        gap=None if read.gap is None else _shown_gap(asked, read.gap),
    )


def _shown_gap(asked: Asked, gap: merged.Gap) -> Gap:
    return Gap(
        after=None if gap.after is None else asked.cursor(gap.after),
        before=None if gap.before is None else asked.cursor(gap.before),
    )


def _status(read: Read) -> SourceStatus:
    if read.error is not None:
        return SourceStatus.FAILED
    if read.awaiting:
        return SourceStatus.AWAITING_SNAPSHOT
    return SourceStatus.STALE if read.stale else SourceStatus.OK


def _not_asked(asked: Asked, name: str) -> SourceReport:
    return _report(asked, Read(source=name), SourceStatus.SKIPPED)


def refuse_failures(asked: Asked) -> None:
    """For callers who want all or nothing.

    Raises:
        SourceError: the first failure, in source name order; its message names the source.
    """
    failures = sorted(
        ((read.source, read.error) for read in asked.window.reads if read.error), key=lambda pair: pair[0]
    )
    if failures:
        source, error = failures[0]
        msg = f"{source}: {error.message}"
        raise type(error)(msg, retry_after_ms=error.retry_after_ms, reason=error.reason)
