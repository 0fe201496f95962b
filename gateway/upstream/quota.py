"""How often all processes together may ask one source: what each has asked is counted in the Valkey that they share.

A call takes a place there before it leaves and gives it back when it is over; it counts for a minute more, as in
``rate.py``. All who wait in one process ask for their places in one exchange. While the Valkey is away each process
counts for itself.
"""

import secrets
from collections import deque
from collections.abc import Callable
from itertools import count
from math import inf

from gateway.providers.protocol import Source
from gateway.upstream.cache_valkey import millis
from gateway.upstream.clock import Clock
from gateway.upstream.keys import scope_of
from gateway.upstream.rate import MINUTE
from gateway.upstream.shared import PAUSE_SECONDS, Shared

SPARE_SECONDS = 5.0
"""How long a place may be held beyond the source's time, until it counts as given back: its process has died."""

WAITS_SECONDS = 0.1
"""How long a process that was given nothing counts as waiting; it looks again several times meanwhile."""

UNTOLD_AT_MOST = 1000
"""Places of which a Valkey that was away is told afterwards, of each kind."""

TAKE = """
local calls, held, waiting = KEYS[1], KEYS[2], KEYS[3]
local whose, waits = string.match(ARGV[1], '[^:]+'), tonumber(ARGV[7])
local most, slots, period = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local lasts, wanted = tonumber(ARGV[5]), tonumber(ARGV[6])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local left_alone = redis.call('PTTL', held)
if left_alone > 0 then return {0, left_alone} end
redis.call('ZREMRANGEBYSCORE', calls, '-inf', now - period)
local spent, under_way = redis.call('ZCARD', calls), redis.call('ZCOUNT', calls, '(' .. now, '+inf')
redis.call('ZREMRANGEBYSCORE', waiting, '-inf', now)
redis.call('ZREM', waiting, whose)
local last = redis.call('ZREVRANGE', calls, 0, 0)[1]
local gives_way = last and string.find(last, whose, 1, true) == 1 and redis.call('ZCARD', waiting) > 0
local given = gives_way and 0 or math.min(wanted, slots - under_way, most - spent)
if given > 0 then
  for place = 1, given do redis.call('ZADD', calls, now + lasts, ARGV[1] .. place) end
  redis.call('PEXPIRE', calls, lasts + period)
  return {given, 0}
end
local over = spent >= most and tonumber(redis.call('ZRANGE', calls, spent - most, spent - most, 'WITHSCORES')[2])
if over and over <= now then return {0, over + period - now} end
redis.call('ZADD', waiting, now + waits, whose)
redis.call('PEXPIRE', waiting, waits)
return {0, -1}
"""
"""How many places are given, and else the milliseconds until there is one: -1 where that hangs on calls under way.

A call stands in a sorted set by when it is over, which for one that is under way is when its process must be dead.
The process that had the last place has no other while one waits: it is there first whenever a call of its own is over.
"""

END = """
local time = redis.call('TIME')
for _, place in ipairs(ARGV) do redis.call('ZADD', KEYS[1], time[1] * 1000 + math.floor(time[2] / 1000), place) end
return #ARGV
"""
"""Calls are over."""

RETURN = "return redis.call('ZREM', KEYS[1], unpack(ARGV))"
"""Calls that never left."""

HOLD = "if redis.call('PTTL', KEYS[2]) < tonumber(ARGV[1]) then redis.call('SET', KEYS[2], 1, 'PX', ARGV[1]) end"
"""The provider wants to be left alone for longer than was known."""


class Quota:
    """The places of this process at one source. ``period`` is in seconds: how long a call that is over still counts."""

    def __init__(self, source: Source, shared: Shared, clock: Clock, period: float = MINUTE) -> None:
        self._source = source
        self._shared = shared
        self._clock = clock
        self._period = millis(period)
        self._whose, self._asked = secrets.token_hex(8), count()
        self._at_hand: deque[str | None] = deque()
        self._under_way: deque[str | None] = deque()
        self._untold: dict[str, list[str]] = {END: [], RETURN: []}
        self._asking = False
        self._opens_at = -inf

    def __bool__(self) -> bool:
        """Whether a place is at hand."""
        return bool(self._at_hand)

    def opens_at(self) -> float:
        """When it is worth asking for a place again, in monotonic seconds."""
        return self._opens_at

    def ask(self, wanted: int, then: Callable[[], object]) -> None:
        """Have so many places brought, or word of when there will be one, and ``then`` called; unless that is under way."""
        if not self._asking:
            self._asking = True
            self._shared.beside(self._ask(wanted, then))

    async def _ask(self, wanted: int, then: Callable[[], object]) -> None:
        settings, whose = self._source.settings, f"{self._whose}:{next(self._asked)}:"
        places = [f"{whose}{place + 1}" for place in range(wanted)]
        lasts = millis(settings.timeout + SPARE_SECONDS)
        bounds = (settings.calls_per_minute, settings.concurrency, self._period, lasts, wanted, millis(WAITS_SECONDS))
        try:
            await self._tell()
            apart = self._shared.is_apart()
            answer = await self._run(TAKE, whose, *bounds)
        finally:
            self._asking = False
        if answer is None:
            self._at_hand += [None] * wanted
            self._untold[RETURN] += [] if apart else places  # it may have given them, and not come to say so
        else:
            given, wait = answer
            self._at_hand += places[:given]
            seconds = PAUSE_SECONDS if wait < 0 else wait / 1000
            self._opens_at = -inf if given else self._clock.monotonic() + seconds
        then()

    async def _tell(self) -> None:
        """Have it known which calls are over and which never left; what a Valkey that is away did not hear, it hears later."""
        for script, places in self._untold.items():
            told, places[:] = places[-UNTOLD_AT_MOST:], []
            if told and await self._run(script, *told) is None:
                places.extend(told)

    def take(self) -> None:
        """A call leaves; there must be a place at hand."""
        self._under_way.append(self._at_hand.popleft())

    def end(self) -> None:
        """A call is over, whatever came of it."""
        place = self._under_way.popleft()
        if place is not None:
            self._untold[END].append(place)
            self._shared.beside(self._tell())

    def give_back(self) -> None:
        """The call never left; its place is at hand again."""
        self._at_hand.append(self._under_way.pop())

    def release(self) -> None:
        """Nobody may use the places that are at hand now."""
        places = [place for place in self._at_hand if place is not None]
        self._at_hand.clear()
        if places:
            self._untold[RETURN] += places
            self._shared.beside(self._tell())

    def hold(self, seconds: float) -> None:
        """The provider wants to be left alone for so long, whoever asks."""
        self._shared.beside(self._run(HOLD, millis(seconds)))

    async def _run(self, script: str, *arguments: str | int) -> list[int] | None:
        """What a script answers; None while the Valkey is away."""
        names = [f"{scope_of(self._source)}/{kind}" for kind in ("calls", "held", "waiting")]
        answer: list[int] | None = await self._shared.run(script, names, arguments)
        return answer
