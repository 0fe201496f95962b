"""What is refused outside of ``/graphql``, and what nobody foresaw: JSON with a code, like everything else."""

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from gateway.serving import bind, running, url_of
from gateway.web.answers import HANDLERS
from tests.schema.gateways import JSON, Client


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("GET", "/", 404, "There is nothing at this address: GraphQL is asked at /graphql."),
        ("GET", "/favicon.ico", 404, "There is nothing at this address: GraphQL is asked at /graphql."),
        ("POST", "/health", 405, "This address takes GET, HEAD only."),
        ("DELETE", "/schema.graphql", 405, "This address takes GET, HEAD only."),
    ],
)
def test_refusals_elsewhere(web: Client, method: str, path: str, status: int, message: str) -> None:
    """An unknown address and a wrong method say where to go, in JSON."""
    reply = web.send(method, path)
    assert (reply.status, reply.headers["content-type"]) == (status, f"{JSON}; charset=utf-8")
    assert reply.refusal == ("BAD_USER_INPUT", message)
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert ("allow" in reply.headers) is (status == 405)


def test_an_unforeseen_failure_is_told_in_json() -> None:
    """A 500 with the code for what nobody can name, and not a word of what it was."""

    async def broken(_: Request) -> None:
        msg = "secret"
        raise RuntimeError(msg)

    bound = bind("127.0.0.1", 0)
    with running(Starlette(routes=[Route("/", broken)], exception_handlers=HANDLERS), bound):
        reply = Client(url_of(bound)).send("GET", "/")
    assert (reply.status, reply.headers["content-type"]) == (500, f"{JSON}; charset=utf-8")
    assert reply.refusal == ("INTERNAL_SERVER_ERROR", "The gateway failed here; the failure is logged.")
