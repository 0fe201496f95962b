"""Credentials over real sockets: a token that ended is renewed once, and wrong ones are not tried for ever."""

import asyncio

import pytest

from gateway.errors import SourceAuthFailed, SourceError, SourceTimeout
from gateway.numbers.e164 import E164
from gateway.numbers.search import Search
from gateway.numbers.windows import Range
from gateway.schema.context import Rooms
from tests.clocks import ManualClock
from tests.conftest import OpenRooms, Simulators, errand
from tests.contract.truth import held, table_of
from tests.upstream.looked import failed

EXAMPLE = E164("+441245123456")
EXCHANGING = {"dallas_refreshed": "webex", "epsilon": "cloudlx", "market_login": "callgear"}
"""Sources that exchange credentials for a token, and their providers."""


async def _one(rooms: Rooms, name: str, e164: E164) -> None:
    """Ask for one number, and let a failure out."""
    told = await rooms.lookups.at(name, [e164], errand())
    for error in failed(told).values():
        raise error


@pytest.mark.parametrize("name", EXCHANGING)
async def test_a_token_that_ended_is_renewed_once(sandbox: Simulators, rooms: OpenRooms, name: str) -> None:
    """The call that meets the end of a token logs in again and is asked again; nobody notices.

    Webex and CloudLX say it with a 401, CallGear with an error inside a 200.
    """
    table, provider = table_of(sandbox, name), EXCHANGING[name]
    first, second, *_ = held(sandbox.world, table)
    opened = await rooms({name: table})
    await _one(opened, name, first)
    sandbox.turn(provider, expire_tokens=True)
    await _one(opened, name, second)
    assert (sandbox.logins(provider), len(sandbox.calls(provider))) == (2, 3)


@pytest.mark.parametrize("name", EXCHANGING)
async def test_fifty_meet_the_end_of_a_token(sandbox: Simulators, rooms: OpenRooms, name: str) -> None:
    """Fifty calls whose token ended under way log in once between them, and all are answered."""
    table, provider = table_of(sandbox, name), EXCHANGING[name]
    numbers = held(sandbox.world, table)[:51]
    opened = await rooms({name: table})
    await _one(opened, name, numbers.pop())
    sandbox.turn(provider, expire_tokens=True)
    await asyncio.gather(*(_one(opened, name, e164) for e164 in numbers))
    assert sandbox.logins(provider) == 2


@pytest.mark.parametrize("name", EXCHANGING)
async def test_a_good_token_that_is_refused(sandbox: Simulators, rooms: OpenRooms, name: str) -> None:
    """A source that refuses every token is asked twice and logged in to twice, then told as SOURCE_AUTH_FAILED."""
    table, provider = table_of(sandbox, name), EXCHANGING[name]
    opened = await rooms({name: table})
    sandbox.turn(provider, fault="auth_in_200" if provider == "callgear" else "http_401", fault_on="lookup")
    with pytest.raises(SourceAuthFailed):
        await _one(opened, name, held(sandbox.world, table)[0])
    assert (sandbox.logins(provider), len(sandbox.calls(provider))) == (2, 2)
    assert opened.callers[name].state == "DOWN"


@pytest.mark.parametrize("name", ["voice_sg", "dallas", "epsilon_token", "market"])
async def test_a_lasting_key_is_not_tried_again(sandbox: Simulators, rooms: OpenRooms, name: str) -> None:
    """Where there is nothing to exchange, a refused key costs one call."""
    table = table_of(sandbox, name)
    opened = await rooms({name: table})
    provider = table["provider"]
    sandbox.turn(provider, fault="auth_in_200" if provider == "callgear" else "http_401")
    with pytest.raises(SourceAuthFailed):
        await _one(opened, name, held(sandbox.world, table)[0])
    assert (sandbox.logins(), len(sandbox.calls())) == (0, 1)


WRONG = {"dallas_refreshed": "refresh_token", "epsilon": "client_secret", "market_login": "password"}


@pytest.mark.parametrize("name", EXCHANGING)
async def test_wrong_credentials_are_sent_once(sandbox: Simulators, rooms: OpenRooms, name: str) -> None:
    """Fifty calls that wait for a log-in with wrong credentials send these once, so that no account is locked."""
    table = table_of(sandbox, name)
    opened = await rooms({name: {**table, WRONG[name]: "wrong"}})
    numbers = held(sandbox.world, table)[:50]
    told = await asyncio.gather(*(_one(opened, name, e164) for e164 in numbers), return_exceptions=True)
    assert {type(error) for error in told} == {SourceAuthFailed}
    assert (sandbox.logins(), sandbox.calls()) == (1, [])


async def test_cloudlx_says_wrong_credentials_with_a_500(sandbox: Simulators, rooms: OpenRooms) -> None:
    """An installation of CloudLX that answers 500 to wrong credentials is understood all the same."""
    sandbox.turn("cloudlx", bad_client_status=500)
    opened = await rooms({"epsilon": {**sandbox.sources["epsilon"], "client_id": "wrong"}})
    with pytest.raises(SourceAuthFailed):
        await _one(opened, "epsilon", EXAMPLE)


@pytest.mark.parametrize("fault", ["hang", "drip"])
async def test_a_hanging_log_in_takes_its_time_once(sandbox: Simulators, rooms: OpenRooms, fault: str) -> None:
    """Ten calls that wait for a log-in without an end are told together, when the one attempt has had its time."""
    sandbox.turn("cloudlx", fault=fault, fault_on="token")
    opened = await rooms({"epsilon": {**sandbox.sources["epsilon"], "timeout": 0.1}})
    numbers = held(sandbox.world, sandbox.sources["epsilon"])[:10]
    async with asyncio.timeout(30):
        told = await asyncio.gather(*(_one(opened, "epsilon", e164) for e164 in numbers), return_exceptions=True)
    assert {type(error) for error in told} == {SourceTimeout}
    assert sandbox.logins() == 1


async def test_tokens_are_renewed_before_they_end(sandbox: Simulators, rooms: OpenRooms, clock: ManualClock) -> None:
    """As time passes over a token's end no call is ever refused for it: the simulator's clock goes along."""
    table = sandbox.sources["epsilon"]
    opened = await rooms({"epsilon": table}, clock=clock)
    sandbox.turn("cloudlx", token_lifetime=100)
    for e164 in held(sandbox.world, table)[:8]:
        work = errand(clock=clock)
        await opened.lookups.at("epsilon", [e164], work)
        clock.advance(45)
        sandbox.world.clock.advance(45)
    assert {entry.status for entry in sandbox.world.journal.entries} == {200}
    assert sandbox.logins() == 4


async def test_prepared_before_anybody_asks(sandbox: Simulators, rooms: OpenRooms) -> None:
    """A token can be fetched ahead of the first question; a failure is swallowed, and told to whoever asks."""
    opened = await rooms({"epsilon": sandbox.sources["epsilon"], "market": sandbox.sources["market"]})
    sandbox.turn("cloudlx", fault="http_503", fault_on="token", fault_next=1)
    for name in ("epsilon", "epsilon", "epsilon", "market"):
        await opened.callers[name].prepare()
    assert (sandbox.logins(), opened.callers["epsilon"].state) == (2, "UNKNOWN")
    window = await opened.inventory.window(Search(), Range(first=1), ["epsilon"], errand(), counted=False)
    assert (window.complete, sandbox.logins()) == (True, 2)


@pytest.mark.parametrize("fault", ["http_503", "html_200", "truncated_json", "reset", "http_429"])
async def test_a_broken_token_endpoint_has_its_own_name(sandbox: Simulators, rooms: OpenRooms, fault: str) -> None:
    """An outage of the token endpoint is an outage, not a matter of credentials."""
    sandbox.turn("cloudlx", fault=fault, fault_on="token")
    opened = await rooms({"epsilon": sandbox.sources["epsilon"]})
    with pytest.raises(SourceError) as told:
        await _one(opened, "epsilon", EXAMPLE)
    assert (told.value.code != SourceAuthFailed.code, told.value.retryable) == (True, True)
