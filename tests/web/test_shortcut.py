"""The short way to a kept answer: the same bytes as on the long one, counted and logged alike, and only where all is certain."""

import gc
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from typing import Any

import msgspec
import pytest
from starlette.applications import Starlette
from starlette.types import Scope

from gateway.app import create_app
from gateway.serving import bind, running, url_of
from gateway.settings import load_only
from gateway.upstream.events import OTHERS_SECONDS
from gateway.web.receiving import BoundedProtocol
from gateway.web.shortcut import Short
from gateway.web.tracing import Tracing
from tests.clocks import ManualClock
from tests.schema.gateways import JSON, PATIENCE, RESPONSE, Simulated
from tests.web.spans import Noted
from tests.web.test_logs import Lines, lines  # noqa: F401 - a fixture
from tests.web.wire import Wire, request

LIST = '{ phoneNumbers(first: 20, filter: {sources: ["voice_sg", "dallas"]}) { nodes { e164 } complete } }'
BODY = msgspec.json.encode({"query": LIST})
KEY = "of-the-first-client"
HEADERS = {
    "Host": "127.0.0.1",
    "Content-Type": JSON,
    "Accept": JSON,
    "Authorization": f"Bearer {KEY}",
    "X-Request-Id": "of-the-test",
}


ELSEWHERE = {**HEADERS, "Origin": "https://shop.example"}
OTHER = msgspec.json.encode({"query": "{ phoneNumbers(first: 1) { nodes { e164 } sources { status } } }"})
LONG = "{ phoneNumbers(first: 400) { nodes { id e164 nationalFormat provider source { name } asOf rawStatus } } }"
UNREAD = 250
COUNT = 'gateway_request_seconds_count{kind="GRAPHQL",'
LENGTH = b"Content-Length: 0\r\n"


class Ways:
    """A gateway on a socket, and how each request that could be short went: whether it was."""

    def __init__(self, port: int, app: Starlette, clock: ManualClock) -> None:
        self.port = port
        self.app = app
        self.clock = clock
        self.short: list[bool] = []
        self.sockets = ExitStack()

    def connected(self) -> Wire:
        """A connection, which ends with the gateway."""
        opened = socket.create_connection(("127.0.0.1", self.port), 30)
        self.sockets.callback(opened.close)
        return Wire(opened, BODY)

    def watch(self) -> None:
        """From now on."""
        self._answer = self.app.state.shortcut
        self.app.state.shortcut = self._watched

    def _watched(self, scope: Scope, content: bytes) -> Short | None:
        told: Short | None = self._answer(scope, content)
        self.short.append(told is not None)
        return told


@contextmanager
def ways(simulated: Simulated, **tables: Mapping[str, object]) -> Iterator[Ways]:
    """A gateway with two clients, of whom one sees less, which keeps an answer of the first."""
    clients = {
        name: {"key_sha256": sha256(key.encode()).hexdigest(), "sources": seen}
        for name, key, seen in (("one", KEY, ["dallas", "voice_sg"]), ("two", "other", ["dallas"]))
    }
    told: dict[str, Any] = {"clients": clients, "state": {"database_url": "sqlite://"}, **tables}
    settings = load_only(
        sources=simulated.sources, **{**told, "limits": {"deadline": PATIENCE, **told.get("limits", {})}}
    )
    clock, bound = ManualClock(), bind("127.0.0.1", 0)
    app = create_app(settings, clock)
    found = Ways(int(url_of(bound).rpartition(":")[2]), app, clock)
    with running(app, bound, settings.limits), found.sockets:
        found.connected().ask(HEADERS)  # once it is answered, the application runs
        found.watch()
        first = found.connected()
        for _ in range(2):
            first.ask(HEADERS)
        yield found


@pytest.fixture(scope="module")
def opened(simulated: Simulated) -> Iterator[Ways]:
    """One for all tests that change nothing of it."""
    with ways(simulated) as found:
        yield found


def answered(asked: Wire) -> float:
    """How many questions came to an end."""
    text = asked.ask({"Host": "127.0.0.1"}, b"", "GET /metrics")[1].decode()
    return sum(float(line.split()[1]) for line in text.splitlines() if line.startswith(COUNT))


def bare(head: bytes) -> list[bytes]:
    """A head without the moment."""
    return [line for line in head.split(b"\r\n") if not line.startswith(b"date: ")]


def test_both_ways_give_the_same_bytes(opened: Ways) -> None:
    """On one connection, in whatever order they are gone; a header that another site could send leads the long way."""
    asked = opened.connected()
    del opened.short[:]
    (head, body), (other, same), (again, third) = [asked.ask(headers) for headers in (HEADERS, ELSEWHERE, HEADERS)]
    assert opened.short == [True, False, True]
    assert bare(head) == bare(other) == bare(again)
    answered(opened.connected())  # by now the server has done with the one before
    open_ones = [one for one in gc.get_objects() if isinstance(one, BoundedProtocol)]
    [held] = [one for one in open_ones if one.client == asked.socket.getsockname()]
    assert held.timeout_keep_alive_task is not None
    assert (head.count(b"date: "), body, body) == (1, same, third)


@pytest.mark.parametrize(
    ("more", "status"),
    [
        pytest.param({"X-Request-Id": "+12056350001"}, 200, id="a name of our own"),
        pytest.param({"Accept": "*/*"}, 200, id="another range"),
        pytest.param({"Content-Type": "application/json; charset=utf-8"}, 200, id="the same type"),
        pytest.param({"Connection": "keep-alive"}, 200, id="a connection that is kept"),
    ],
)
def test_what_is_short(opened: Ways, more: dict[str, str], status: int) -> None:
    """Whatever leads to the same answer."""
    del opened.short[:]
    head, _ = opened.connected().ask({**HEADERS, **more})
    assert (int(head.split()[1]), opened.short) == (status, [True])
    assert b"+12056350001" not in head


@pytest.mark.parametrize(
    ("more", "status"),
    [
        pytest.param({"Host": "evil.example"}, 421, id="another host"),
        pytest.param({"Authorization": "Bearer nobodys"}, 401, id="nobody's key"),
        pytest.param({"Authorization": "Bearer other"}, 200, id="another client"),
        pytest.param({"Accept": "text/html"}, 406, id="no JSON"),
        pytest.param({"Accept": RESPONSE}, 200, id="another media type"),
        pytest.param({"Content-Type": "text/plain"}, 415, id="not JSON"),
        pytest.param({"Content-Encoding": "gzip"}, 415, id="packed"),
        pytest.param({"Expect": "100-continue"}, 100, id="to be told to go on"),
        pytest.param({"Connection": "upgrade", "Upgrade": "h2c"}, 400, id="to another protocol"),
        pytest.param({"If-None-Match": "*"}, 304, id="known there"),
        pytest.param({"authorization": f"Bearer {KEY}"}, 200, id="two keys"),
        pytest.param({"X-GraphQL-Event-Stream-Token": "none"}, 404, id="a stream's"),
    ],
)
def test_what_is_long(simulated: Simulated, more: dict[str, str], status: int) -> None:
    """Whatever is refused, or is another question: the application answers it as ever."""
    with ways(simulated) as opened:
        kept = opened.connected().ask(HEADERS)
        del opened.short[:]
        head, body = opened.connected().ask({**HEADERS, **more})
        assert (int(head.split()[1]), opened.short) == (status, [False])
        assert (body == kept[1]) is (status == 200 and more.get("Authorization") != "Bearer other")


@pytest.mark.parametrize(
    ("line", "more", "status"),
    [("GET /graphql", {}, 400), ("POST /graphql?token=", {}, 404), ("POST /graphql", {"Connection": "close"}, 200)],
)
def test_what_is_never_short(opened: Ways, line: str, more: dict[str, str], status: int) -> None:
    """Another method, an address with more in it, and a connection that ends."""
    del opened.short[:]
    head, _ = opened.connected().ask({**HEADERS, **more}, line=line)
    assert (int(head.split()[1]), opened.short) == (status, [])


def test_a_body_that_comes_later_is_awaited(opened: Ways) -> None:
    """The work of a request begins with what has come of it; a body that is there in parts at once is none of that."""
    asked, whole = opened.connected(), request({**HEADERS, "Expect": "100-continue"}, BODY)
    kept = asked.ask(HEADERS)
    del opened.short[:]
    asked.socket.sendall(whole[:-10])
    assert asked.answer() == (b"HTTP/1.1 100 Continue", b"")
    asked.socket.sendall(whole[-10:])
    head, body = asked.answer()
    assert (bare(head), body, opened.short) == (bare(kept[0]), kept[1], [])
    parts = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (BODY[:9], BODY[9:], b""))
    asked.socket.sendall(request({**HEADERS, "Transfer-Encoding": "chunked"}, b"").replace(LENGTH, b"") + parts)
    assert (asked.answer()[1], opened.short) == (kept[1], [True])


def test_a_body_that_breaks_off_is_refused(opened: Ways) -> None:
    """One that is no HTTP any more: nothing begins, and the connection is closed."""
    asked, other = opened.connected(), opened.connected()
    before = answered(other)
    del opened.short[:]
    asked.socket.sendall(
        request({**HEADERS, "Transfer-Encoding": "chunked"}, b"").replace(LENGTH, b"") + b"5\r\nabcde?"
    )
    assert (asked.answer()[0].split()[1], asked.socket.recv(1), opened.short) == (b"400", b"", [])
    assert answered(other) == before


def test_answers_come_in_the_order_of_their_questions(opened: Ways) -> None:
    """One that waits for another's answer is not short; several kept ones are."""
    asked = opened.connected()
    del opened.short[:]
    asked.socket.sendall(request(ELSEWHERE, OTHER) + request(HEADERS, BODY) + request(HEADERS, OTHER))
    bodies = [asked.answer()[1] for _ in range(3)]
    assert (b"sources" in bodies[0], b"nodes" in bodies[1], bodies[2]) == (True, True, bodies[0])
    assert opened.short == [False]
    asked.socket.sendall(request(HEADERS, BODY) * 3)
    assert {asked.answer()[1] for _ in range(3)} == {bodies[1]}
    assert opened.short == [False, True, True, True]


def test_who_reads_nothing_is_not_written_to(simulated: Simulated) -> None:
    """What waits to be read is bounded: no further answer is put behind it."""
    body = msgspec.json.encode({"query": LONG})
    patience = {"receive_seconds": 300, "unread_seconds": 300}
    with ways(simulated, limits=patience) as opened, socket.socket() as slow:
        quick = opened.connected()
        kept = [quick.ask(HEADERS, body)[1] for _ in range(3)][-1]
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect(("127.0.0.1", opened.port))
        del opened.short[:]
        slow.sendall(request(HEADERS, body) * UNREAD)
        while not any(isinstance(one, BoundedProtocol) and one.flow.write_paused for one in gc.get_objects()):
            answered(quick)
        asked = Wire(slow, body)
        assert all(asked.answer()[1] == kept for _ in range(UNREAD))
        assert 0 < opened.short.count(True) < UNREAD
    assert len(kept) * UNREAD > 16_000_000


def test_it_is_counted_and_logged(opened: Ways, lines: Lines) -> None:  # noqa: F811 - the fixture
    """Each way alike."""
    asked = opened.connected()
    del opened.short[:]
    counts = [answered(asked)]
    for headers in (HEADERS, ELSEWHERE):
        asked.ask(headers)
        counts.append(answered(asked))
    assert (opened.short, [count - counts[0] for count in counts]) == ([True, False], [0, 1, 2])
    short, long = [{name: line[name] for name in line.keys() - {"ms", "timestamp"}} for line in lines.all]
    assert short == long
    assert (short["request_id"], short["method"], short["status"]) == ("of-the-test", "POST", "200")


def test_it_is_paid_for(simulated: Simulated) -> None:
    """Who asks too often is told so, however cheap the answers are; each is paid for once."""
    with ways(simulated, limits={"queries_per_minute": 40}) as opened:
        asked = opened.connected()
        told = [asked.ask(HEADERS)[0].split()[1] for _ in range(8)]
    assert told == [b"200"] * 7 + [b"429"]
    assert opened.short == [False] + [True] * 8 + [False]


def test_the_store_is_asked_on_the_long_way(simulated: Simulated) -> None:
    """What another process may have written is looked for now and then, for which somebody has to wait."""
    with ways(simulated) as opened:
        opened.clock.advance(OTHERS_SECONDS)
        bodies = {opened.connected().ask(HEADERS)[1] for _ in range(2)}
    assert (len(bodies), opened.short[-2:]) == (1, [False, True])


def test_it_is_closed_in_the_end(simulated: Simulated) -> None:
    """Once the process begins to end, the server says on each answer that its connection does."""
    with ways(simulated) as opened:
        asked = opened.connected()
        opened.app.state.ending.set()
        assert (asked.ask(HEADERS)[0].split()[1], opened.short[-1]) == (b"200", False)


@pytest.mark.parametrize("tracing", [None, Noted().tracing])
async def test_it_makes_no_spans(simulated: Simulated, tracing: Tracing | None) -> None:
    """Where spans are wanted, every request goes the long way."""
    app = create_app(load_only(sources=simulated.sources, state={"database_url": "sqlite://"}), tracing=tracing)
    async with app.router.lifespan_context(app):
        assert hasattr(app.state, "shortcut") is (tracing is None)
