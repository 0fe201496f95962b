"""More operations at once than there are places for: who comes last is told at once, at no cost to the others."""

import threading
from collections import Counter

import msgspec
from starlette.types import Scope

from gateway.web.shortcut import Short
from tests.schema.gateways import Simulated
from tests.web.test_logs import Lines, lines  # noqa: F401 - a fixture
from tests.web.test_shortcut import BODY, ELSEWHERE, HEADERS, LIST, bare, ways
from tests.web.wire import request

SLOW = msgspec.json.encode(
    {"query": '{ phoneNumber(e164: "+12056350001", sources: ["dallas"], maxStaleness: "PT0S") { complete } }'}
)


PAGE = LIST.replace("{", "query ($first: Int) {", 1).replace("20", "$first")


def page(first: int) -> bytes:
    """A question that is answered in one go: its rows are at hand, and from its third time on it is planned."""
    return msgspec.json.encode({"query": PAGE, "variables": {"first": first}})


def test_what_comes_in_one_turn_takes_its_places_at_once(simulated: Simulated) -> None:
    """Five questions arrive while the loop is held up: two are let in, though none is at work yet; then there is room again."""
    reached, go_on = threading.Event(), threading.Event()
    with ways(simulated, limits={"concurrent": 2}) as opened:
        inner = opened.app.state.shortcut

        def held_up(scope: Scope, content: bytes) -> Short | None:
            if content == BODY:
                reached.set()
                go_on.wait(30)
            told: Short | None = inner(scope, content)
            return told

        opened.app.state.shortcut = held_up
        holding, crowd = opened.connected(), [opened.connected() for _ in range(5)]
        for number, asked in enumerate(crowd):
            assert asked.ask(HEADERS, page(11 + number))[0].split()[1] == b"200"
        holding.socket.sendall(request(HEADERS, BODY))
        reached.wait(30)
        del opened.short[:]
        for number, asked in enumerate(crowd):
            asked.socket.sendall(request(HEADERS, page(number + 1)))
        go_on.set()
        statuses, at_the_door = Counter(asked.answer()[0].split()[1] for asked in crowd), opened.short.count(True)
        again = [asked.ask(HEADERS, page(number + 1))[0].split()[1] for number, asked in enumerate(crowd)]
    assert (statuses, at_the_door) == ({b"200": 2, b"503": 3}, 4)  # the one that held up the loop among them
    assert again == [b"200"] * 5


def test_both_ways_turn_away_alike(simulated: Simulated, lines: Lines) -> None:  # noqa: F811 - the fixture
    """The same bytes, counts and lines in the log, whether the application is asked or not; kept answers need no place."""
    with ways(simulated, limits={"concurrent": 1, "deadline": 1}) as opened:
        waiting, asked = opened.connected(), opened.connected()
        kept, before = asked.ask(HEADERS), simulated.calls("webex")
        simulated.turn("webex", hang=True)
        waiting.socket.sendall(request(HEADERS, SLOW))
        assert before + 1 in iter(lambda: simulated.calls("webex"), None)
        del opened.short[:], lines.all[:]
        told = [asked.ask(headers, page(1)) for headers in (HEADERS, ELSEWHERE)]
        shown = asked.ask({"Host": "127.0.0.1"}, b"", "GET /metrics")[1].decode()
        assert asked.ask(HEADERS)[1] == kept[1]
        simulated.turn("webex", hang=False)
        assert opened.short == [True, False, True]
    (head, body), (other, same) = told
    assert (bare(head), body) == (bare(other), same)
    assert (head.split()[1], b"retry-after: 1" in bare(head)) == (b"503", True)
    assert msgspec.json.decode(body)["errors"][0]["extensions"]["code"] == "OVERLOADED"
    assert 'gateway_refusals_total{code="OVERLOADED"} 2.0' in shown
    short, long = [{name: line[name] for name in line.keys() - {"ms", "timestamp"}} for line in lines.all[:2]]
    assert short == long
