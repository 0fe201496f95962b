"""The front of the gateway: hosts, other sites, sizes, slow connections, and the headers of every answer."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPResponse
from urllib.parse import quote

import pytest

from tests.schema.gateways import JSON, Client, Headers, Reply, Simulated, gateway

SOURCES = "/graphql?query={sources{name}}"
ELSEWHERE = {"sec-fetch-site": "cross-site"}
SHOP = "https://shop.example"


@pytest.fixture(scope="module")
def named(simulated: Simulated) -> Iterator[Client]:
    """A gateway with a name of its own, that pages of one other site may ask."""
    server = {"hosts": ["numbers.example", "127.0.0.1"], "cors_origins": [SHOP]}
    with gateway(simulated.sources, server=server) as client:
        yield client


def asked_as(client: Client, host: str | None) -> Reply:
    """A query for a host of that name; None sends no Host header."""
    with socket.create_connection(("127.0.0.1", int(client.url.rpartition(":")[2])), timeout=10) as connection:
        line = b"" if host is None else f"Host: {host}\r\n".encode()
        connection.sendall(b"GET " + SOURCES.encode() + b" HTTP/1.1\r\n" + line + b"Connection: close\r\n\r\n")
        return read_reply(connection)


def read_reply(connection: socket.socket) -> Reply:
    """Everything until the other side closes."""
    held = b""
    while part := connection.recv(65536):
        held += part
    head, _, content = held.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return Reply(int(status.split()[1]), headers, content)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1:1", "[::1]:80", "[::1]", None])
def test_on_loopback_its_own_names_are_answered(web: Client, host: str | None) -> None:
    """With any port and in any case, and where no host is named."""
    assert asked_as(web, host).status == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80", "[::2]"])
def test_on_loopback_other_names_are_refused(web: Client, host: str) -> None:
    """A page whose name was made to point at this machine gets nothing (DNS rebinding)."""
    reply = asked_as(web, host)
    assert (reply.status, reply.codes) == (421, ["BAD_USER_INPUT"])
    assert "server.hosts" in reply.refusal[1]


def test_configured_names_are_the_only_ones(named: Client) -> None:
    """``server.hosts`` replaces what holds without it."""
    assert asked_as(named, "Numbers.example:443").status == 200
    assert asked_as(named, "localhost").status == 421


def test_where_others_can_reach_it_any_name_will_do(simulated: Simulated) -> None:
    """Without names the gateway cannot know by which one it is reached."""
    with gateway(simulated.sources, server={"host": "0.0.0.0", "insecure": True}) as client:
        assert asked_as(client, "anything.example").status == 200


FOREIGN: list[tuple[str, str, Headers, int]] = [
    ("GET", SOURCES, ELSEWHERE, 403),
    ("POST", SOURCES, {**ELSEWHERE, "content-type": JSON}, 400),
    ("GET", "/graphql?documentId=x", ELSEWHERE, 403),
    ("GET", "/graphql?extensions=", ELSEWHERE, 403),
    ("GET", "/graphql", {**ELSEWHERE, "accept": "text/html"}, 200),
    ("GET", "/health", ELSEWHERE, 200),
    ("GET", SOURCES, {**ELSEWHERE, "apollo-require-preflight": "1"}, 200),
    ("GET", SOURCES, {**ELSEWHERE, "X-Apollo-Operation-Name": "S"}, 200),
    ("GET", SOURCES, {**ELSEWHERE, "origin": SHOP}, 403),
    ("GET", SOURCES, {"sec-fetch-site": "same-origin"}, 200),
    ("GET", SOURCES, {"sec-fetch-site": "none"}, 200),
    ("GET", SOURCES, {}, 200),
]


@pytest.mark.parametrize(("method", "target", "headers", "status"), FOREIGN)
def test_other_sites_cannot_make_a_browser_ask(
    web: Client, method: str, target: str, headers: Headers, status: int
) -> None:
    """A question that comes from a link, a form or an image of another site is refused; pages and own scripts are not."""
    reply = web.send(method, target, headers)
    assert reply.status == status
    if status == 403:
        assert reply.codes == ["FORBIDDEN"]


def test_pages_of_allowed_sites_may_ask(named: Client) -> None:
    """The preflight allows what clients send, the answer may be read, and others are allowed nothing."""
    wish = {"origin": SHOP, "access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    allowed = named.send("OPTIONS", "/graphql", wish)
    assert (allowed.status, allowed.headers["access-control-allow-origin"]) == (200, SHOP)
    assert "access-control-allow-credentials" not in allowed.headers
    answer = named.send("GET", SOURCES, {**ELSEWHERE, "origin": SHOP})
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (200, SHOP)
    other = named.send("GET", SOURCES, {"origin": "https://other.example"})
    assert "access-control-allow-origin" not in other.headers
    assert named.send("OPTIONS", "/graphql", {**wish, "origin": "https://other.example"}).status == 400


def test_no_page_may_ask_by_default(web: Client) -> None:
    """Without ``server.cors_origins`` there is no preflight that succeeds."""
    wish = {"origin": SHOP, "access-control-request-method": "POST"}
    reply = web.send("OPTIONS", "/graphql", wish)
    assert reply.status == 405
    assert "access-control-allow-origin" not in reply.headers


@pytest.mark.parametrize("target", [SOURCES, "/health", "/nowhere", "/schema.graphql"])
def test_every_answer_has_the_safe_headers(web: Client, target: str) -> None:
    """It is what it says it is, loads nothing and is framed nowhere; and no server is named, no cookie set."""
    headers = web.send("GET", target).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert not {"server", "set-cookie", "x-powered-by"} & set(headers)


def test_a_page_keeps_its_own_policy(web: Client) -> None:
    """GraphiQL or the console says itself what it loads."""
    policy = web.send("GET", "/graphql", {"accept": "text/html"}).headers["content-security-policy"]
    assert "script-src" in policy


@pytest.fixture(scope="module")
def small(simulated: Simulated) -> Iterator[Client]:
    """A gateway that reads little, and not for long."""
    limits = {"body_bytes": 100, "header_bytes": 500, "url_bytes": 200, "receive_seconds": 0.3}
    with gateway(simulated.sources, limits=limits) as client:
        yield client


def test_sizes_are_bounded(small: Client) -> None:
    """Address, headers and body: each refusal is JSON, has its status, names the limit, and leaves the gateway working."""
    content = b'{"query": "{ sources { name } }"}'
    assert small.send("GET", f"{SOURCES}&x={'y' * (200 - len(SOURCES) - 3)}").status == 200
    url = small.send("GET", f"{SOURCES}&x={'y' * (200 - len(SOURCES) - 2)}")
    assert (url.status, url.refusal[1]) == (414, "The address is longer than 200 bytes: send the request as POST.")
    for headers in ({"x-long": "y" * 500}, {f"x-{place}": "y" * 20 for place in range(30)}):
        head = small.send("GET", SOURCES, headers)
        assert (head.status, head.refusal[1]) == (
            431,
            "The headers are longer than 500 bytes: send fewer or shorter ones.",
        )
    assert small.send("POST", "/graphql", {"x-long": "y" * 500}, content).status == 431
    with connected(small) as connection:
        connection.sendall(HEAD.replace(b"\r\nhost", b"\r\nx-long: " + b"y" * 500 + b"\r\nhost") + b"{" * 50)
        assert read_reply(connection).status == 431
    body = small.post(content + b" " * 100)
    assert (body.status, body.refusal[1]) == (413, "The body is longer than 100 bytes.")
    assert small.post(content).status == 200


def send_forever(connection: socket.socket) -> None:
    """More and more of the same."""
    while True:
        connection.sendall(b"y" * 1000)


def test_a_header_without_end_is_not_gathered(simulated: Simulated) -> None:
    """The connection is closed long before its deadline; a close while more is sent may come as a reset."""
    with gateway(simulated.sources, limits={"header_bytes": 500, "receive_seconds": 300}) as client:
        with connected(client) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nx: y")
            with pytest.raises(ConnectionError):
                send_forever(connection)
        assert client.ask("{ sources { name } }").status == 200


def test_what_is_no_http_is_refused_in_json(small: Client) -> None:
    """The parser's complaint has a code like every other."""
    with connected(small) as connection:
        connection.sendall(b"NONSENSE\r\n\r\n")
        reply = read_reply(connection)
    assert (reply.status, reply.codes, reply.headers["connection"]) == (400, ["BAD_USER_INPUT"], "close")


def connected(client: Client) -> socket.socket:
    """A connection as bare as it comes."""
    return socket.create_connection(("127.0.0.1", int(client.url.rpartition(":")[2])), timeout=20)


HEAD = b"POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n"
SLOW = {"headers": [b"", HEAD[:1], HEAD[:40]], "body": [HEAD, HEAD + b'{"query":']}


def test_slow_connections_are_closed(simulated: Simulated) -> None:
    """Three hundred that say nothing, half a head or half a body are told so and closed, while others are answered."""
    with gateway(simulated.sources, limits={"receive_seconds": 4}) as client, ExitStack() as held:
        opened = []
        for what, begun in [(what, begun) for what, pieces in SLOW.items() for begun in pieces] * 60:
            connection = held.enter_context(connected(client))
            connection.sendall(begun)
            opened.append((what, connection))
        assert len(opened) == 300
        assert client.ask("{ sources { name } }").status == 200
        for what, connection in opened:
            reply = read_reply(connection)
            assert (reply.status, reply.codes) == (408, ["BAD_USER_INPUT"])
            assert f"The request's {what} did not arrive within 4 seconds" in reply.refusal[1]


def test_a_slow_second_request_spoils_nothing(small: Client) -> None:
    """On a connection that is kept, the deadline begins anew with each request and ends with it."""
    whole = HEAD.replace(b"50", b"33") + b'{"query": "{ sources { name } }"}'
    with connected(small) as connection:
        connection.sendall(whole)
        first = HTTPResponse(connection)
        first.begin()
        told = json.load(first)
        connection.sendall(whole + HEAD[:20])
        rest = read_reply(connection)
    assert (first.status, list(told)) == (200, ["data"])
    assert rest.status == 200
    assert b"HTTP/1.1 408" in rest.content


def test_who_has_asked_may_wait(simulated: Simulated) -> None:
    """The deadline of a request that is answered closes nothing, also when its time comes."""
    whole = HEAD.replace(b"50", b"33") + b'{"query": "{ sources { name } }"}'
    with gateway(simulated.sources, limits={"receive_seconds": 0.3}) as client, connected(client) as connection:
        for _ in range(2):
            connection.sendall(whole)
            answer = HTTPResponse(connection)
            answer.begin()
            assert (answer.status, list(json.load(answer))) == (200, ["data"])
            with connected(client) as later:
                assert read_reply(later).status == 408


def test_a_head_may_come_in_pieces(small: Client) -> None:
    """What is slow but in time is answered."""
    with connected(small) as connection:
        for piece in (b"GET /health HTTP/1.1\r\n", b"host: local", b"host\r\n", b"connection: close\r\n\r\n"):
            connection.sendall(piece)
            assert small.send("GET", "/health").status == 200  # the piece before it has been read by now
        assert read_reply(connection).status == 200


def test_a_late_head_is_no_answer_to_the_request_before(simulated: Simulated) -> None:
    """Where an earlier request still waits for its answer, a refusal would be taken for that: the connection just ends."""
    query = '{ phoneNumber(e164: "+12056350001", sources: ["london"], maxStaleness: "PT0S") { complete } }'
    target = f"/graphql?query={quote(query)}"
    with gateway(simulated.sources, limits={"receive_seconds": 0.3, "deadline": 2}) as client:
        simulated.turn("webex", hang=True)
        with connected(client) as connection:
            connection.sendall(f"GET {target} HTTP/1.1\r\nhost: localhost\r\n\r\n".encode() + HEAD[:20])
            assert connection.recv(65536) == b""
        simulated.turn("webex", hang=False)


def test_media_types_of_refusals_are_json(small: Client) -> None:
    """Whatever was accepted: a client that sends too much is not asked what it would like."""
    assert small.send("GET", "/" + "x" * 300).headers["content-type"] == f"{JSON}; charset=utf-8"
