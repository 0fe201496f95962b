"""Every order field in both directions, against a naive sort of all rows and the providers' own lists."""

from collections.abc import Iterator
from itertools import groupby

import pytest

from gateway.sandbox import accounts
from gateway.sandbox.exchange import Row as Sent
from tests.schema.documents import Row, ids, page
from tests.schema.gateways import Client, Simulated
from tests.schema.naive import ORDERS, kept, ordered

SOME: Row = {"providers": ["CLOUDLX", "EIGHT_BY_EIGHT", "WEBEX"]}
IN_DOLLARS: Row = {"monthlyPrice": {"currency": "USD", "min": "5", "max": "95.25"}}


def walked(graph: Client, wanted: Row, order: Row) -> list[str]:
    """The ids of a whole list, page by page."""
    return [number for connection in pages(graph, wanted, order) for number in ids(connection)]


def pages(graph: Client, wanted: Row, order: Row) -> Iterator[Row]:
    """The pages of a whole list."""
    connection = page(graph, first=1000, filter=wanted, orderBy=order)
    yield connection
    while connection["pageInfo"]["hasNextPage"]:
        after = connection["pageInfo"]["endCursor"]
        connection = page(graph, first=1000, filter=wanted, orderBy=order, after=after)
        yield connection


@pytest.mark.parametrize("direction", ["ASC", "DESC"])
@pytest.mark.parametrize("field", ORDERS)
def test_the_whole_list_is_in_order(graph: Client, everything: list[Row], field: str, direction: str) -> None:
    """One global order over all sources: nulls last both ways, ties ascending by E.164, provider and source name."""
    wanted = IN_DOLLARS if field == "MONTHLY_PRICE" else SOME
    expected = ordered(kept(wanted, everything), field, direction)
    assert walked(graph, wanted, {"field": field, "direction": direction}) == [row["id"] for row in expected]


@pytest.mark.parametrize("field", ["COUNTRY", "UPDATED_AT"])
def test_the_rows_try_the_rules(everything: list[Row], field: str) -> None:
    """Among the compared rows are nulls and ties, so that nulls last and ties ascending are tried."""
    values = [ORDERS[field](row) for row in kept(SOME, everything)]
    assert None in values
    assert len(set(values)) < len(values)


def test_prices_are_numbers_with_ties(everything: list[Row]) -> None:
    """12 comes behind 5.0 although its text does not, and many numbers cost the same."""
    prices = [ORDERS["MONTHLY_PRICE"](row) for row in kept(IN_DOLLARS, everything)]
    assert sorted(prices) != sorted(prices, key=str)
    assert len(set(prices)) < len(prices)


def test_one_number_at_many_sources_is_ordered_by_provider(everything: list[Row]) -> None:
    """Equal E.164 numbers stand together, by provider and then by source name."""
    shared = [[row["provider"] for row in rows] for _, rows in groupby(everything, key=lambda row: row["e164"])]
    assert max(map(len, shared)) == 4
    assert all(providers == sorted(providers) for providers in shared)


@pytest.mark.parametrize("wanted", [None, SOME, {"or": [IN_DOLLARS, IN_DOLLARS]}, {"not": IN_DOLLARS}])
def test_a_price_order_needs_one_currency(graph: Client, wanted: Row | None) -> None:
    """Amounts of different currencies do not compare: without a monthlyPrice filter the order is refused in words."""
    query = """query ($f: PhoneNumberFilter) {
        phoneNumbers(filter: $f, orderBy: {field: MONTHLY_PRICE}) { complete } }"""
    code, message = graph.ask(query, {"f": wanted}).refusal
    assert code == "BAD_USER_INPUT"
    assert "add filter: {monthlyPrice: {currency: …}}" in message


def test_a_price_order_takes_a_currency_from_an_and(graph: Client, everything: list[Row]) -> None:
    """A currency that must hold together with the rest is one that is named."""
    wanted = {"and": [SOME, {"and": [IN_DOLLARS]}]}
    expected = ordered(kept(wanted, everything), "MONTHLY_PRICE", "ASC")
    assert walked(graph, wanted, {"field": "MONTHLY_PRICE"}) == [row["id"] for row in expected]


@pytest.mark.parametrize("direction", ["ASC", "DESC"])
@pytest.mark.parametrize("field", ORDERS)
def test_backwards_is_forwards_reversed(graph: Client, field: str, direction: str) -> None:
    """Pages from the end, joined, are the list from the start."""
    wanted = {**IN_DOLLARS, "countries": ["SG", "HK", "TH"]}
    order = {"field": field, "direction": direction}
    found: list[str] = []
    before: str | None = None
    more = True
    while more:
        connection = page(graph, last=40, filter=wanted, orderBy=order, before=before)
        found = ids(connection) + found
        before, more = connection["pageInfo"]["startCursor"], connection["pageInfo"]["hasPreviousPage"]
    assert len(found) > 40
    assert found == walked(graph, wanted, order)


def digits(row: Sent) -> str:
    """The digits of a provider's row: the whole number, else its parts."""
    written = row.get("msisdn") or row.get("phoneNumber") or row.get("phone_number") or row.get("number_e164")
    return str(written or f"{row['country_code']}{row['range_code']}{row['number']}").removeprefix("+")


@pytest.fixture(scope="module")
def own_lists(simulated: Simulated) -> dict[str, list[str]]:
    """The digits of each source's list in its provider's own order; CallGear's is asked for by number."""
    world = simulated.world
    rows = {
        "dallas": world.webex.stocks[accounts.DALLAS].rows,
        "epsilon": next(iter(world.cloudlx.stocks.values())).rows,
        "london": world.webex.stocks[accounts.LONDON].rows,
        "market": sorted(next(iter(world.callgear.stocks.values())).rows, key=digits),
        "voice_sg": world.eight_by_eight.stocks[accounts.SUBACCOUNT].rows,
    }
    return {name: list(map(digits, held)) for name, held in rows.items()}


@pytest.fixture(scope="module")
def numbers(everything: list[Row]) -> dict[str, tuple[str, str]]:
    """Source name and digits of every id."""
    return {row["id"]: (row["source"]["name"], row["e164"][1:]) for row in everything}


@pytest.mark.parametrize("direction", ["ASC", "DESC"])
def test_source_by_source(
    graph: Client, own_lists: dict[str, list[str]], numbers: dict[str, tuple[str, str]], direction: str
) -> None:
    """The cheap order: the sources in name order, each in its provider's own order; DESC reverses the names alone."""
    names = sorted(own_lists, reverse=direction == "DESC")
    expected = [(name, held) for name in names for held in own_lists[name]]
    found = walked(graph, {}, {"field": "SOURCE", "direction": direction})
    assert [numbers[number] for number in found] == expected


def test_source_by_source_from_the_end(
    graph: Client, own_lists: dict[str, list[str]], numbers: dict[str, tuple[str, str]]
) -> None:
    """Backwards, the cheap order ends with the last source's last rows, and goes on before them."""
    order = {"field": "SOURCE"}
    last = page(graph, last=1000, orderBy=order)
    before = page(graph, last=10, orderBy=order, before=last["pageInfo"]["startCursor"])
    everywhere = [(name, held) for name in sorted(own_lists) for held in own_lists[name]]
    assert [numbers[number] for number in ids(before) + ids(last)] == everywhere[-1010:]
    assert (last["pageInfo"]["hasNextPage"], last["pageInfo"]["hasPreviousPage"]) == (False, True)


def test_source_by_source_with_a_filter(
    graph: Client, everything: list[Row], own_lists: dict[str, list[str]], numbers: dict[str, tuple[str, str]]
) -> None:
    """A filter drops rows of the cheap order and moves none."""
    wanted: Row = {"countries": ["GB"], "lifecycle": ["ACTIVE", "AVAILABLE"]}
    kept_ids = {row["id"] for row in kept(wanted, everything)}
    expected = [(name, held) for name in sorted(own_lists) for held in own_lists[name]]
    admitted = {numbers[number] for number in kept_ids}
    found = walked(graph, wanted, {"field": "SOURCE"})
    assert [numbers[number] for number in found] == [place for place in expected if place in admitted]
