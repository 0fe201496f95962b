"""The token of one source: fetched once for all who wait, renewed early, forgotten when refused."""

import asyncio
from collections.abc import Callable

import pytest

from gateway.errors import SourceAuthFailed, SourceError, SourceTimeout
from gateway.providers.protocol import Request, Response, Token
from gateway.upstream.credentials import TokenHolder
from tests.clocks import ManualClock
from tests.contract.acme import AcmeSettings
from tests.upstream.plain import Exchanging

SETTINGS = AcmeSettings.model_validate({"provider": "acme", "base_url": "http://127.0.0.1:1", "api_key": "seKret"})


class Desk:
    """Stands where the socket is: gives out numbered tokens, or what it is told to raise, once the door is open."""

    def __init__(self, lifetime: float | None = None) -> None:
        self.lifetime = lifetime
        self.asked = 0
        self.fails: SourceError | None = None
        self.door = asyncio.Event()
        self.door.set()

    async def send(self, request: Request, _: Callable[[Response], Token]) -> Token:
        """One exchange."""
        assert request.body == b"seKret"
        self.asked += 1
        number = self.asked
        await self.door.wait()
        if self.fails is not None:
            raise self.fails
        return Token(f"token {number}", self.lifetime)


@pytest.fixture
def holder(clock: ManualClock) -> TokenHolder:
    """A holder that has no token yet."""
    return TokenHolder(Exchanging("depot", SETTINGS), clock)


async def _waiting(holder: TokenHolder, desk: Desk, count: int) -> list[asyncio.Task[str]]:
    """Tasks that all wait behind the closed door."""
    desk.door.clear()
    tasks = [asyncio.create_task(holder.current(desk.send)) for _ in range(count)]
    await asyncio.wait(tasks, timeout=0)
    return tasks


async def test_one_exchange_for_all(holder: TokenHolder) -> None:
    """Fifty who ask at once get the same token from one exchange, and so does whoever asks later."""
    desk = Desk()
    tasks = await _waiting(holder, desk, 50)
    desk.door.set()
    assert set(await asyncio.gather(*tasks)) == {"token 1"}
    assert (await holder.current(desk.send), desk.asked) == ("token 1", 1)


async def test_one_refusal_for_all(holder: TokenHolder) -> None:
    """Fifty who wait for an exchange that fails are all told of that one; who asks afterwards makes a new attempt."""
    desk = Desk()
    tasks = await _waiting(holder, desk, 50)
    desk.fails = SourceAuthFailed("The key was refused.")
    desk.door.set()
    told = await asyncio.gather(*tasks, return_exceptions=True)
    assert (set(map(id, told)), desk.asked) == ({id(desk.fails)}, 1)
    desk.fails = None
    assert (await holder.current(desk.send), desk.asked) == ("token 2", 2)


async def test_a_leader_who_leaves(holder: TokenHolder) -> None:
    """When the one who exchanges is cancelled, the next who waits does it; the others do not fail with it."""
    desk = Desk()
    leader, *others = await _waiting(holder, desk, 5)
    leader.cancel()
    await asyncio.wait([leader])
    desk.door.set()
    assert set(await asyncio.gather(*others)) == {"token 2"}
    assert (leader.cancelled(), desk.asked) == (True, 2)


async def test_an_unforeseen_failure_is_not_passed_on(holder: TokenHolder) -> None:
    """What is no source's error is told to the one it happened to; the next who waits makes an attempt of its own."""
    desk, unforeseen = Desk(), [ZeroDivisionError()]

    async def send(request: Request, read: Callable[[Response], Token]) -> Token:
        if unforeseen:
            raise unforeseen.pop()
        return await desk.send(request, read)

    told = await asyncio.gather(holder.current(send), holder.current(send), return_exceptions=True)
    assert [type(one).__name__ for one in told] == ["ZeroDivisionError", "str"]


@pytest.mark.parametrize(
    ("lifetime", "early"), [(3600.0, 60.0), (100.0, 10.0), (600.0, 60.0)], ids=["hour", "short", "ten minutes"]
)
async def test_renewed_before_it_ends(holder: TokenHolder, clock: ManualClock, lifetime: float, early: float) -> None:
    """A token is renewed when a tenth of its life, a minute at most, is left; until then it is used."""
    desk = Desk(lifetime)
    assert await holder.current(desk.send) == "token 1"
    clock.advance(lifetime - early - 0.001)
    assert await holder.current(desk.send) == "token 1"
    clock.advance(0.002)
    assert await holder.current(desk.send) == "token 2"


async def test_a_token_that_names_no_end(holder: TokenHolder, clock: ManualClock) -> None:
    """A token without a lifetime is used until it is refused."""
    desk = Desk(None)
    await holder.current(desk.send)
    clock.advance(10**9)
    assert await holder.current(desk.send) == "token 1"


async def test_a_token_that_is_over_at_once(holder: TokenHolder) -> None:
    """A lifetime of nothing does not stop anybody: each gets a fresh token."""
    desk = Desk(0.0)
    assert [await holder.current(desk.send) for _ in range(3)] == ["token 1", "token 2", "token 3"]


async def test_a_refused_token_is_forgotten_once(holder: TokenHolder) -> None:
    """Forgetting drops the token that was refused; one that was fetched meanwhile stays."""
    desk = Desk()
    old = await holder.current(desk.send)
    holder.forget(old)
    new = await holder.current(desk.send)
    holder.forget(old)
    assert (await holder.current(desk.send), desk.asked) == (new, 2)


async def test_a_failure_is_over_after_a_success(holder: TokenHolder) -> None:
    """Who waits for an attempt that succeeds is not told how an earlier one failed, even if the token is over at once."""
    desk = Desk(0.0)
    desk.fails = SourceTimeout("Too slow.")
    with pytest.raises(SourceTimeout):
        await holder.current(desk.send)
    desk.fails = None
    tasks = await _waiting(holder, desk, 3)
    desk.door.set()
    assert await asyncio.gather(*tasks) == ["token 2", "token 3", "token 4"]


async def test_a_failure_is_not_remembered(holder: TokenHolder) -> None:
    """Those who wait for a later attempt are told how that one ended, not how an earlier one did."""
    desk = Desk()
    desk.fails = SourceTimeout("Too slow.")
    with pytest.raises(SourceTimeout):
        await holder.current(desk.send)
    desk.fails = None
    tasks = await _waiting(holder, desk, 3)
    desk.door.set()
    assert set(await asyncio.gather(*tasks)) == {"token 2"}
