"""Lists that can be made to lie, and walks over them in the cheap order."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st
from msgspec import Struct

from gateway.errors import SourceError, SourceTimeout
from gateway.numbers.blocks import Block, Listing, Paging, Part
from gateway.numbers.chain import chain
from gateway.numbers.chain_back import chain_back
from gateway.numbers.chain_page import Stream
from gateway.numbers.cursor import Place
from gateway.numbers.e164 import E164
from gateway.numbers.merge import Snapshot, Whole
from gateway.numbers.model import NO_PRICING, Number, Observation, Origin
from gateway.numbers.search import Order, OrderField, Search
from gateway.numbers.windows import Range, Window

NOW = datetime(2026, 11, 21, tzinfo=UTC)
BY_SOURCE = Search(order=Order(field=OrderField.SOURCE))


class Upstream:
    """A list that can be made to lie; ``calls`` are the blocks it was asked for."""

    def __init__(
        self, name: str, digits: Sequence[str], paging: Paging, *, cap: int = 10**6, counts: bool = True
    ) -> None:
        origin = Origin(provider="TEST", source=name, via=Observation.LIST, as_of=NOW)
        self.rows = [Number(e164=E164(f"+{text}"), origin=origin, details=NO_PRICING) for text in digits]
        self.paging = paging
        self.cap = cap
        self.counts = counts
        self.calls: list[Block] = []
        self.error: SourceError | None = None
        self.breaks_after: int | None = None
        self.ignores_start = False
        self.unreadable: frozenset[int] = frozenset()

    def answer(self, block: Block) -> Listing | SourceError:
        """What the list says of one block."""
        self.calls.append(block)
        if self.error is not None:
            return self.error
        if self.breaks_after is not None and len(self.calls) > self.breaks_after:
            return SourceTimeout("too slow")
        size = len(self.rows) if self.paging.whole else min(block.size, self.cap)
        start = block.index * size if self.paging.aligned else block.start
        sent = range(start, min(start + size, len(self.rows))) if not self.ignores_start else range(size)
        holes = tuple(place for place, offset in enumerate(sent) if offset in self.unreadable)
        rows = tuple(self.rows[offset] for offset in sent if offset not in self.unreadable)
        total = len(self.rows) if self.counts else None
        return Listing(rows=rows, sent=len(sent), skipped=len(holes), holes=holes, total=total, as_of=NOW)


def read(upstreams: Mapping[str, Upstream], search: Search = BY_SOURCE, **span: Any) -> Window:  # noqa: ANN401 - the fields of a Range
    """One page, forwards or backwards."""
    if "last" in span:
        return run(chain_back(search, Range(**span), list(upstreams)), lambda ask: whole(upstreams[ask.source]))
    streams = [Stream(name, upstream.paging) for name, upstream in upstreams.items()]
    return run(chain(search, Range(**span), streams), lambda ask: upstreams[ask.source].answer(ask.block))


def run(steps: Any, answer: Callable[[Any], object]) -> Window:  # noqa: ANN401 - either generator
    """Drive a generator; the questions are answered one after another, in the order they were asked."""
    pending: list[Part | Whole] = []
    try:
        pending += next(steps)
        while True:
            ask = pending.pop(0)
            pending += steps.send((ask, answer(ask)))
    except StopIteration as end:
        window: Window = end.value
        return window


def whole(upstream: Upstream) -> Snapshot | SourceError:
    """The list as a snapshot in its own order."""
    return upstream.error or Snapshot(rows=tuple(upstream.rows), as_of=NOW, sent=len(upstream.rows))


def told(window: Window) -> list[str]:
    """The digits of a page."""
    return [number.e164[1:] for number in window.numbers]


def walk(upstreams: Mapping[str, Upstream], size: int, search: Search = BY_SOURCE) -> list[str]:
    """All pages forwards."""
    found: list[str] = []
    after: Place | None = None
    while True:
        window = read(upstreams, search, first=size, after=after)
        found += told(window)
        if not window.has_next:
            return found
        after = window.end or window.places[-1]


def walk_back(upstreams: Mapping[str, Upstream], size: int, search: Search = BY_SOURCE) -> list[str]:
    """All pages backwards, in list order."""
    found: list[str] = []
    before: Place | None = None
    while True:
        window = read(upstreams, search, last=size, before=before)
        found = told(window) + found
        if not window.has_previous:
            return found
        before = window.places[0]


OFFSETS = Paging(size=100)
PAGES = Paging(size=40, aligned=True)
WHOLE = Paging(size=1, whole=True)


class World(Struct):
    """Sources as Hypothesis draws them."""

    lengths: tuple[int, ...]
    kinds: tuple[Paging, ...]
    caps: tuple[int, ...]
    counts: tuple[bool, ...]

    def upstreams(self) -> dict[str, Upstream]:
        """Fresh lists, each in an order that is not sorted by number."""
        return {
            f"s{place}": Upstream(
                f"s{place}",
                [f"{9 - place}{(7919 * row) % 99_991:05}" for row in range(length)],
                kind,
                cap=cap,
                counts=counts,
            )
            for place, (length, kind, cap, counts) in enumerate(
                zip(self.lengths, self.kinds, self.caps, self.counts, strict=True)
            )
        }


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """One to four sources of 0 to 130 rows, some of which clamp."""
    count = draw(st.integers(1, 4))

    def several(element: st.SearchStrategy[Any]) -> Any:  # noqa: ANN401 - a tuple of whatever is drawn
        return tuple(draw(st.lists(element, min_size=count, max_size=count)))

    return World(
        lengths=several(st.integers(0, 130)),
        kinds=several(st.sampled_from([OFFSETS, PAGES, WHOLE])),
        caps=several(st.sampled_from([7, 37, 10**6])),
        counts=several(st.booleans()),
    )


def in_list_order(upstreams: Mapping[str, Upstream], *, reverse: bool = False) -> list[str]:
    """What a full walk must give."""
    return [number.e164[1:] for name in sorted(upstreams, reverse=reverse) for number in upstreams[name].rows]
