"""Numbers looked up by E.164: many in few calls, each source in the way that is cheapest there.

The order of ways: a copy at hand; one question for many numbers; the list, when it costs fewer calls than checks;
a check or a narrow search for each number, some at a time. A failure is told as such, never as NOT_FOUND: where an
answer was cut short, what it lacks is asked for again, and in the end looked for in the whole list. When a source does
not answer, an old copy may say what it held; never what it lacked.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from gateway.errors import SourceBadAnswer, SourceError, SourceMisconfigured, SourceUnavailable, forget_frames
from gateway.numbers.blocks import Block, Listing
from gateway.numbers.e164 import E164
from gateway.numbers.filters import EVERYTHING, DigitsMatch, Filter
from gateway.numbers.merge import Snapshot
from gateway.numbers.model import Number, stale_copy
from gateway.numbers.reconcile import Held, merged
from gateway.providers.protocol import LooksUpMany, Request
from gateway.telemetry import LOOK_UP
from gateway.upstream.cache import NEGATIVE_SECONDS, Cache
from gateway.upstream.clock import Clock
from gateway.upstream.errand import Errand
from gateway.upstream.events import Events
from gateway.upstream.inventory import Inventory
from gateway.upstream.keys import key_of, number_key, scope_of
from gateway.upstream.policy import Caller

SINGLES_AT_MOST = 3
"""Numbers looked up one by one before a whole list is cheaper."""

SEARCHES_AT_MOST = 16
"""Numbers searched for one by one before a whole list is cheaper."""

CHECK_SECONDS = 60.0
"""How long a source that can be asked for one number is believed about one, at most; others for their list's ttl."""


class Looked(Struct, frozen=True):
    """What one source said of one number: ``number`` is None when it holds none. ``as_of`` is when it said so.

    ``stale``: the provider did not answer and this is an older copy.
    """

    number: Number | None
    as_of: datetime
    stale: bool = False

    @property
    def weight(self) -> int:
        """One row."""
        return 1

    @property
    def negative(self) -> bool:
        """Whether it says that there is no such number."""
        return self.number is None


class Failed(Struct, frozen=True):
    """A source could not say; a value, because a data loader raises the exceptions it is given."""

    error: SourceError

    def __post_init__(self) -> None:
        """The error is told, and its frames are of no more use."""
        forget_frames(self.error)


Outcome = Looked | Failed
Outcomes = dict[E164, Outcome]


class Lookups:
    """Looks numbers up, at each source in its own way."""

    def __init__(
        self, callers: Mapping[str, Caller], inventory: Inventory, cache: Cache, clock: Clock, events: Events
    ) -> None:
        self._callers = callers
        self._inventory = inventory
        self._cache = cache
        self._clock = clock
        self._events = events

    async def at(self, name: str, wanted: Sequence[E164], errand: Errand) -> Outcomes:
        """What the source says of each number. Failures are outcomes; no SourceError is raised."""
        caller = self._callers[name]
        held = await self._events.held(name, wanted)
        outcomes = _told_lately(held, _believed(caller), errand)
        outcomes |= await self._at_hand(caller, [e164 for e164 in wanted if e164 not in outcomes], errand)
        lacking = [e164 for e164 in wanted if e164 not in outcomes]
        if lacking:
            asked = await self._asked(caller, lacking, errand)
            if any(isinstance(outcome, Failed) for outcome in asked.values()):
                errand.lacks()
            outcomes |= asked | await self._from_before(caller, asked, errand)
        return {e164: _completed(outcome, held.get(e164)) for e164, outcome in outcomes.items()}

    async def _at_hand(self, caller: Caller, wanted: Sequence[E164], errand: Errand) -> Outcomes:
        if errand.asks_anew:
            return {}
        ttl = _believed(caller)
        whole = await self._inventory.kept(caller.source.name, ttl, errand)
        if whole is not None and not whole.awaiting:
            return {e164: looked for e164, looked in _picked(whole, wanted).items() if isinstance(looked, Looked)}
        peeks = await self._cache.peek_many([number_key(caller.source, e164) for e164 in wanted], ttl, errand)
        return {e164: looked for e164, looked in zip(wanted, peeks, strict=True) if looked is not None}

    async def _from_before(self, caller: Caller, outcomes: Outcomes, errand: Errand) -> Outcomes:
        """Where the source did not answer, the numbers that it held when it last did."""
        seconds, name, found = caller.source.settings.stale_ttl, caller.source.name, Outcomes()
        for e164, failed in outcomes.items():
            if isinstance(failed, Failed):
                old = await self._cache.old(number_key(caller.source, e164), seconds, errand, failed.error)
                if old is None:
                    whole = await self._inventory.kept_before(name, errand, failed.error)
                    old = None if whole is None else _picked(whole, (e164,))[e164]
                if isinstance(old, Looked) and old.number is not None:
                    found[e164] = Looked(stale_copy(old.number), old.as_of, stale=True)
        return found

    async def _asked(self, caller: Caller, wanted: Sequence[E164], errand: Errand) -> Outcomes:
        if caller.looks_up_many is not None:
            return await self._in_chunks(caller, caller.looks_up_many, wanted, errand)
        if len(wanted) > (SINGLES_AT_MOST if caller.looks_up is not None else SEARCHES_AT_MOST):
            listed = await self._listed(caller, wanted, errand)
            if listed is not None:
                return listed
        if len(wanted) == 1:  # no task for it, and no future
            return {wanted[0]: await self._singly(caller, wanted[0], errand)}
        singly = await asyncio.gather(*(self._singly(caller, e164, errand) for e164 in wanted))
        return dict(zip(wanted, singly, strict=True))

    async def _listed(
        self, caller: Caller, wanted: Sequence[E164], errand: Errand, narrow: Filter = EVERYTHING
    ) -> Outcomes | None:
        """What the list says, read to its end; None when the source has none."""
        try:
            whole = await self._inventory.heard(caller.source.name, errand, narrow)
        except SourceError as error:
            return dict.fromkeys(wanted, Failed(error))
        return None if whole.awaiting else _picked(whole, wanted)

    async def _in_chunks(self, caller: Caller, source: LooksUpMany, wanted: Sequence[E164], errand: Errand) -> Outcomes:
        mark = await self._cache.mark(scope_of(source))
        asked = (self._chunk(caller, source, request, chunk, errand) for request, chunk in source.ask_many(wanted))
        outcomes: Outcomes = {}
        for told in await asyncio.gather(*asked):
            outcomes |= told
        said = {number_key(source, e164): looked for e164, looked in outcomes.items() if isinstance(looked, Looked)}
        await self._cache.keep_many(said, mark, _believed(caller) + source.settings.stale_ttl)
        return outcomes

    async def _chunk(
        self, caller: Caller, source: LooksUpMany, request: Request, chunk: Sequence[E164], errand: Errand
    ) -> Outcomes:
        try:
            listing = await self._cache.fetch(
                key_of(source, request, "look-up"),
                min(_believed(caller), NEGATIVE_SECONDS),
                errand,
                lambda own: caller.ask(request, source.read, own, LOOK_UP),
            )
        except SourceError as error:
            worded = isinstance(error, SourceMisconfigured) and error.reason  # not the place, but how it was asked
            return await self._read_on(caller, chunk, errand) if worded else dict.fromkeys(chunk, Failed(error))
        told = _picked(listing, chunk)
        rest = [e164 for e164 in chunk if not _found(told[e164])]
        if not rest or not _is_cut_short(listing):
            return told
        if len(rest) < len(chunk):
            return told | await self._in_chunks(caller, source, rest, errand)
        return await self._read_on(caller, rest, errand)

    async def _read_on(
        self, caller: Caller, wanted: Sequence[E164], errand: Errand, narrow: Filter = EVERYTHING
    ) -> Outcomes:
        """What the list says, where an answer was not the whole truth."""
        listed = await self._listed(caller, wanted, errand, narrow)
        return listed or dict.fromkeys(wanted, Failed(SourceBadAnswer("The answer was cut short.")))

    async def _singly(self, caller: Caller, e164: E164, errand: Errand) -> Outcome:
        key = number_key(caller.source, e164)
        try:
            return await self._cache.fetch(key, _believed(caller), errand, lambda own: self._looked(caller, e164, own))
        except SourceError as error:
            return Failed(error)

    async def _looked(self, caller: Caller, e164: E164, errand: Errand) -> Looked:
        """One check where the provider has checks, else a narrow search of its list."""
        check = caller.looks_up
        if check is not None:
            request = check.ask_one(e164)
            number = await caller.ask(request, lambda answer: check.read_one(e164, answer), errand, LOOK_UP)
            return Looked(number, number.origin.as_of if number else self._clock.now())
        source = caller.lists
        if source is None:
            msg = f"{caller.source.title} has neither a list nor a look-up; its events have not told it yet."
            raise SourceUnavailable(msg)
        narrow = Filter(e164=DigitsMatch(among=(e164,)))
        request = source.ask(Block(0, source.paging.size), narrow)
        first = await caller.ask(request, source.read, errand, LOOK_UP)
        outcome = _picked(first, (e164,))[e164]
        if first.sent and not _found(outcome):  # others that end alike: only the end of the search can tell
            outcome = (await self._read_on(caller, (e164,), errand, narrow))[e164]
        if isinstance(outcome, Failed):
            raise outcome.error
        return outcome


def _told_lately(held: Mapping[E164, Held], ttl: float, errand: Errand) -> Outcomes:
    """What events told so recently that nobody needs to be asked."""
    told = {e164: Looked(known.number, known.heard) for e164, known in held.items()}
    return {e164: looked for e164, looked in told.items() if errand.takes(looked.as_of, ttl)}


def _completed(outcome: Outcome, held: Held | None) -> Outcome:
    """What a source said of a number, with what only its events told."""
    told = None if held is None else held.number
    if isinstance(outcome, Failed) or outcome.number is None or told is None:
        return outcome
    return Looked(merged(outcome.number, told), outcome.as_of)


def _found(outcome: Outcome) -> bool:
    return isinstance(outcome, Looked) and outcome.number is not None


def _is_cut_short(listing: Listing) -> bool:
    """Whether rows may be missing: by the source's own total, else whenever any came, since a clamp is silent."""
    if listing.total is not None:
        return listing.total > listing.sent
    return listing.sent > 0


def _picked(rows: Snapshot | Listing, wanted: Sequence[E164]) -> Outcomes:
    """The wanted ones among the rows. One that is missing may be a row that could not be read: then it is unknown."""
    held = {number.e164: number for number in rows.rows}
    lacking = Failed(SourceBadAnswer("Some rows of the answer could not be read, and this number may be among them."))
    return {
        e164: lacking if e164 not in held and rows.skipped else Looked(held.get(e164), rows.as_of) for e164 in wanted
    }


def _believed(caller: Caller) -> float:
    """Seconds for which what a source said of one number counts as fresh."""
    ttl: float = caller.source.settings.ttl
    return ttl if caller.looks_up is None else min(ttl, CHECK_SECONDS)
