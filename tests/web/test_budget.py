"""Budgets of clients, and room for operations at work: exact with a clock by hand, and over HTTP."""

from collections.abc import Iterator
from socket import create_connection
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import Overloaded, RateLimited
from gateway.web.budget import Budgets, Workplace
from tests.clocks import ManualClock
from tests.schema.gateways import Client, Simulated, gateway
from tests.web.test_auth import CLIENTS, OFFICE, SHOP

SOURCES = "{ sources { name } }"


def spent(budgets: Budgets, name: str = "shop") -> int:
    """How many operations a client gets right now."""
    count = 0
    try:
        while count < 10_000:
            budgets.spend(name)
            count += 1
    except RateLimited:
        pass
    return count


def test_a_quarter_of_the_minute_may_be_spent_at_once(clock: ManualClock) -> None:
    """Then as many as the time that passes is worth, and never more saved up than the quarter."""
    budgets = Budgets(60, clock)
    assert spent(budgets) == 15
    clock.advance(2)
    assert spent(budgets) == 2
    clock.advance(3600)
    assert spent(budgets) == 15


def test_the_wait_that_is_told_is_the_wait_that_is_needed(clock: ManualClock) -> None:
    """One moment earlier is refused again; a refusal costs nothing."""
    budgets = Budgets(60, clock)
    spent(budgets)
    with pytest.raises(RateLimited, match="60 operations a minute is the limit for shop: ask again in 1000 ms") as told:
        budgets.spend("shop")
    clock.advance(told.value.retry_after_ms / 1000 - 0.01)
    assert spent(budgets) == 0
    clock.advance(0.01)
    assert spent(budgets) == 1


def test_a_small_budget_lets_one_through(clock: ManualClock) -> None:
    """Also of two a minute the first is not refused."""
    assert spent(Budgets(2, clock)) == 1


def test_each_client_has_its_own(clock: ManualClock) -> None:
    """One that asks too often takes nothing from another."""
    budgets = Budgets(60, clock)
    spent(budgets, "shop")
    assert spent(budgets, "office") == 15


def test_nothing_is_no_limit(clock: ManualClock) -> None:
    """By default no client meets a budget, however fast it asks."""
    assert spent(Budgets(0, clock)) == 10_000


@settings(deadline=None)
@given(per_minute=st.integers(1, 600), steps=st.lists(st.floats(0, 30), max_size=40))
def test_no_minute_brings_more_than_its_budget_and_the_quarter(per_minute: int, steps: list[float]) -> None:
    """However the asking is spread."""
    clock = ManualClock()
    budgets, total, begun = Budgets(per_minute, clock), 0, clock.monotonic()
    for step in steps:
        clock.advance(step)
        total += spent(budgets)
    passed = clock.monotonic() - begun
    assert total <= per_minute * (passed / 60 + 0.25) + 1


@pytest.fixture(scope="module")
def budgeted(simulated: Simulated) -> Iterator[str]:
    """A gateway whose clients may ask eight times a minute, twice at once."""
    with gateway(simulated.sources, clients=CLIENTS, limits={"queries_per_minute": 8}) as client:
        yield client.url


def test_over_http_the_refusal_says_when_to_come_again(budgeted: str) -> None:
    """A 429 with RATE_LIMITED, ``retryAfterMs`` and Retry-After; another client is answered, and so is /health."""
    shop = Client(budgeted, SHOP)
    assert [shop.ask(SOURCES).status for _ in range(2)] == [200, 200]
    reply = shop.ask(SOURCES)
    [error] = reply.errors
    assert (reply.status, error["extensions"]["code"]) == (429, "RATE_LIMITED")
    assert 0 < error["extensions"]["retryAfterMs"] <= 7500
    assert 1 <= int(reply.headers["retry-after"]) <= 8
    assert Client(budgeted, OFFICE.encode().decode("latin-1")).ask(SOURCES).status == 200
    assert shop.send("GET", "/health").status == 200


def test_strangers_spend_nothing(budgeted: str) -> None:
    """Wrong keys are refused as such, however many are tried, and cost no client anything."""
    assert {Client(budgeted, "wrong").ask(SOURCES).status for _ in range(5)} == {401}
    assert Client(budgeted, "audit-key").ask(SOURCES).status == 200


def test_fifty_a_second_meet_no_limit_by_default(web: Client) -> None:
    """A client on loopback is never refused without a setting that says so."""
    assert {web.ask(SOURCES).status for _ in range(100)} == {200}


def test_places_are_given_back_once() -> None:
    """When the answer begins or when the work ends, whichever comes first."""
    workplace = Workplace(2)
    with workplace.place() as first, workplace.place():
        with pytest.raises(Overloaded, match="2 operations are at work"):
            workplace.place()
        first.leave()
        first.leave()
        assert workplace.taken == 1
    assert workplace.taken == 0


def test_what_is_too_much_is_refused_at_once(simulated: Simulated) -> None:
    """While one operation waits for its source, the next is a 503 with Retry-After; then there is room again."""
    query = '{ phoneNumber(e164: "+12056350001", sources: ["london"], maxStaleness: "PT0S") { complete } }'
    with gateway(simulated.sources, limits={"concurrent": 1, "deadline": 1}) as client:
        before = simulated.calls("webex")
        simulated.turn("webex", hang=True)
        with create_connection(("127.0.0.1", int(client.url.rpartition(":")[2]))) as waiting:
            target = f"/graphql?query={quote(query)}"
            waiting.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            assert before + 1 in iter(lambda: simulated.calls("webex"), None)
            reply = client.ask(SOURCES)
            assert client.send("GET", "/health").status == 200
        simulated.turn("webex", hang=False)
        assert (reply.status, reply.codes, reply.headers["retry-after"]) == (503, ["OVERLOADED"], "1")
        assert 200 in iter(lambda: client.ask(SOURCES).status, None)
