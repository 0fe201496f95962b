"""Pages of the merged list: counts, cursors on either side, and page info, against Relay's own algorithm."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.schema.documents import Row, ids, page
from tests.schema.gateways import Client, Simulated, gateway
from tests.schema.naive import kept

MUNICH: Row = {"e164": {"startsWith": "+49 89"}}


def wholly(graph: Client) -> tuple[list[str], list[str]]:
    """The ids and the cursors of a list that fits a page."""
    connection = page(graph, first=1000, filter=MUNICH)
    return ids(connection), [edge["cursor"] for edge in connection["edges"]]


@pytest.fixture(scope="module")
def munich(graph: Client) -> tuple[list[str], list[str]]:
    """A short list, and the cursor of each of its rows."""
    return wholly(graph)


def test_without_counts_a_page_has_fifty_rows(graph: Client, everything: list[Row]) -> None:
    """``first`` is 50 when neither count is given, and when both are null."""
    expected = [row["id"] for row in everything[:50]]
    assert ids(page(graph)) == ids(page(graph, first=None, last=None)) == expected


@pytest.mark.parametrize("count", [0, 1, 1000])
@pytest.mark.parametrize("name", ["first", "last"])
def test_counts_at_their_bounds(graph: Client, everything: list[Row], name: str, count: int) -> None:
    """0, 1 and 1000 rows from either end; a page without rows has no cursors and knows that there is more."""
    connection = page(graph, **{name: count})
    info = connection["pageInfo"]
    expected = everything[:count] if name == "first" else everything[len(everything) - count :]
    assert ids(connection) == [row["id"] for row in expected]
    assert (info["hasNextPage"], info["hasPreviousPage"]) == (name == "first", name == "last")
    cursors = [edge["cursor"] for edge in connection["edges"]]
    assert (info["startCursor"], info["endCursor"]) == ((cursors[0], cursors[-1]) if cursors else (None, None))
    assert connection["totalCount"] == len(everything)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"first": 1001}, "first is 1001; it takes 0 to 1000."),
        ({"last": 1001}, "last is 1001; it takes 0 to 1000."),
        ({"first": -1}, "first is -1; it takes 0 to 1000."),
        ({"last": -2147483648}, "last is -2147483648; it takes 0 to 1000."),
        ({"first": 1, "last": 1}, "Give first or last, not both: first pages forwards, last backwards."),
        ({"first": 0, "last": 0}, "Give first or last, not both: first pages forwards, last backwards."),
    ],
)
def test_impossible_counts_are_refused(graph: Client, asked: Row, words: str) -> None:
    """A count out of range, or two counts, are BAD_USER_INPUT with a sentence."""
    query = "query ($first: Int, $last: Int) { phoneNumbers(first: $first, last: $last) { complete } }"
    assert graph.ask(query, asked).refusal == ("BAD_USER_INPUT", words)


POSITIONS = st.none() | st.integers(0, 39)


@settings(max_examples=80, deadline=None)
@given(count=st.integers(0, 45), forwards=st.booleans(), after=POSITIONS, before=POSITIONS)
def test_any_page_is_what_relay_says(
    graph: Client,
    munich: tuple[list[str], list[str]],
    count: int,
    forwards: bool,
    after: int | None,
    before: int | None,
) -> None:
    """EdgesToReturn, HasNextPage and HasPreviousPage of Relay's Cursor Connections hold for random arguments."""
    rows, cursors = munich
    low, high = (-1 if after is None else after), (len(rows) if before is None else before)
    between = rows[low + 1 : max(high, low + 1)]
    expected = between[:count] if forwards else between[max(0, len(between) - count) :]
    connection = page(
        graph,
        filter=MUNICH,
        after=None if after is None else cursors[after],
        before=None if before is None else cursors[before],
        **{"first" if forwards else "last": count},
    )
    info = connection["pageInfo"]
    more = len(between) > count
    assert ids(connection) == expected
    assert info["hasNextPage"] == (more if forwards else before is not None)
    assert info["hasPreviousPage"] == (after is not None if forwards else more)


def walk(graph: Client, count: str, cursor: str, end: str, more: str, size: int) -> list[list[str]]:
    """The pages of the short list in one direction, as long as there are more."""
    connection = page(graph, filter=MUNICH, **{count: size})
    walked = [ids(connection)]
    while connection["pageInfo"][more]:
        connection = page(graph, filter=MUNICH, **{count: size, cursor: connection["pageInfo"][end]})
        walked.append(ids(connection))
    return walked


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_walk_meets_every_row_once(graph: Client, munich: tuple[list[str], list[str]], size: int) -> None:
    """Forwards and backwards, pages of any size joined are the list, in as many pages as it takes."""
    rows, _ = munich
    forwards = walk(graph, "first", "after", "endCursor", "hasNextPage", size)
    backwards = walk(graph, "last", "before", "startCursor", "hasPreviousPage", size)
    assert [row for held in forwards for row in held] == rows
    assert [row for held in reversed(backwards) for row in held] == rows
    assert len(forwards) == len(backwards) == -(-len(rows) // size)


def test_past_the_last_row_there_is_an_empty_page(graph: Client, munich: tuple[list[str], list[str]]) -> None:
    """Nothing follows the last row; the page says that rows come before."""
    rows, cursors = munich
    beyond = page(graph, filter=MUNICH, first=5, after=cursors[-1])
    assert (ids(beyond), beyond["totalCount"]) == ([], len(rows))
    assert beyond["pageInfo"] == {"hasNextPage": False, "hasPreviousPage": True, "startCursor": None, "endCursor": None}


def test_cursors_of_a_page_start_it_anywhere(graph: Client, munich: tuple[list[str], list[str]]) -> None:
    """An edge's cursor is the same whichever page shows the row, so any of them can be kept."""
    _, cursors = munich
    apart = page(graph, filter=MUNICH, first=3, after=cursors[9])
    assert [edge["cursor"] for edge in apart["edges"]] == cursors[10:13]
    assert (apart["pageInfo"]["startCursor"], apart["pageInfo"]["endCursor"]) == (cursors[10], cursors[12])


@pytest.mark.parametrize(
    "selection",
    [
        "totalCount } }",
        "counted: totalCount } }",
        "... on PhoneNumberConnection { totalCount } } }",
        "...Counted } } fragment Counted on PhoneNumberConnection { totalCount }",
        "sources { totalCount } } }",
    ],
)
def test_totals_are_counted_only_when_they_are_asked_for(broken: Simulated, selection: str) -> None:
    """The cheap order reads one source for a short page; a total, however it is selected, reads them all."""
    cheap = "{ phoneNumbers(first: 3, orderBy: {field: SOURCE}) { nodes { id } "
    with gateway(broken.sources) as fresh:
        assert len(ids(fresh.ask(cheap + "} }").data["phoneNumbers"])) == 3
        assert {name for name in broken.world.simulators if broken.calls(name)} == {"webex"}
        assert len(ids(fresh.ask(cheap + selection).data["phoneNumbers"])) == 3
        assert {name for name in broken.world.simulators if broken.calls(name)} == set(broken.world.simulators)


def test_totals_of_the_sources_add_up(graph: Client, everything: list[Row]) -> None:
    """Each source tells how many of its rows match, and together they are the connection's total."""
    query = """{ phoneNumbers(first: 1, filter: {countries: ["GB"]}) {
        totalCount sources { source { name } totalCount rowsKept } } }"""
    held = graph.ask(query).data["phoneNumbers"]
    matching = kept({"countries": ["GB"]}, everything)
    expected = {
        report["source"]["name"]: sum(row["source"]["name"] == report["source"]["name"] for row in matching)
        for report in held["sources"]
    }
    assert {report["source"]["name"]: report["totalCount"] for report in held["sources"]} == expected
    assert held["totalCount"] == sum(expected.values()) == len(matching)
    assert sum(report["rowsKept"] for report in held["sources"]) == 1
