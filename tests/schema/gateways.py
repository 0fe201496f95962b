"""Whole gateways over the simulators, all of them on real sockets, and a plain blocking client of them."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any, TypeAlias

import msgspec

from gateway.app import create_app
from gateway.sandbox import accounts
from gateway.sandbox.app import create_sandbox
from gateway.sandbox.knobs import turn
from gateway.sandbox.world import Sandbox
from gateway.serving import bind, running, url_of
from gateway.settings import load_only

Json: TypeAlias = dict[str, Any]
Headers: TypeAlias = Mapping[str, str] | Iterable[tuple[str, str]]

PATIENCE = 30
"""Seconds for a source and for a request; what a test expects to fail fails at once."""

RESPONSE = "application/graphql-response+json"
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer as it came off the socket; the names of its headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Json:
        """The body as a JSON object."""
        return msgspec.json.decode(self.content, type=dict[str, Any])

    @property
    def data(self) -> Json:
        """The data of an answer without errors."""
        assert "errors" not in self.json, self.json["errors"]
        held: Json = self.json["data"]
        return held

    @property
    def errors(self) -> list[Json]:
        """The errors, none of which lacks a code or a message."""
        errors: list[Json] = self.json.get("errors", [])
        assert all(error["message"] and error["extensions"]["code"] for error in errors), errors
        return errors

    @property
    def codes(self) -> list[str]:
        """The codes of the errors."""
        return [error["extensions"]["code"] for error in self.errors]

    @property
    def refusal(self) -> tuple[str, str]:
        """The code and the message of the only error."""
        [error] = self.errors
        return error["extensions"]["code"], error["message"]


class Client:
    """Asks one server; every request has its own connection."""

    def __init__(self, url: str, key: str | None = None) -> None:
        self.url = url
        self._credentials = [] if key is None else [("authorization", f"Bearer {key}")]

    def send(self, method: str, target: str, headers: Headers = (), content: bytes = b"") -> Reply:
        """Any request, with these headers and nothing added but host, content-length and the key."""
        connection = HTTPConnection(self.url.removeprefix("http://"), timeout=30)
        connection.putrequest(method, target, skip_accept_encoding=True)
        sent = [*(headers.items() if isinstance(headers, Mapping) else headers), *self._credentials]
        for name, value in sent:
            connection.putheader(name, value)
        if method not in {"GET", "HEAD"}:
            connection.putheader("content-length", str(len(content)))
        connection.endheaders(content or None)
        try:
            answer = connection.getresponse()
            held = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, held, answer.read())
        finally:
            connection.close()

    def post(self, content: bytes, accept: str = RESPONSE, media_type: str = JSON) -> Reply:
        """A body for ``/graphql``."""
        return self.send("POST", "/graphql", {"content-type": media_type, "accept": accept}, content)

    def ask(self, query: str, variables: Mapping[str, object] | None = None, **more: object) -> Reply:
        """A GraphQL operation; ``more`` are further entries of the body."""
        return self.post(msgspec.json.encode({"query": query, "variables": variables, **more}))


@dataclass(frozen=True)
class Simulated:
    """The four simulators: ``url`` is where they answer, ``world`` what is true there."""

    url: str
    world: Sandbox

    @property
    def sources(self) -> dict[str, dict[str, object]]:
        """The settings of the five sources, with time to answer also on a machine that is busy."""
        return {name: {"timeout": PATIENCE, **held} for name, held in accounts.sources(self.url).items()}

    def turn(self, provider: str, **knobs: object) -> None:
        """Turn a provider's knobs."""
        turn(self.world.simulators[provider].knobs, knobs)

    def calls(self, provider: str) -> int:
        """How many questions the provider has received; exchanges of credentials are not counted."""
        return sum(entry.errand != "token" for entry in self.world.journal.of(provider))


@contextmanager
def simulators() -> Iterator[Simulated]:
    """The simulators on a socket."""
    app = create_sandbox()
    bound = bind("127.0.0.1", 0)
    with running(app, bound):
        yield Simulated(url_of(bound), app.state.sandbox)


@contextmanager
def gateway(sources: Mapping[str, Mapping[str, object]], **tables: Mapping[str, object]) -> Iterator[Client]:
    """A gateway on a socket that leaves no file behind; ``tables`` are further settings."""
    limits = {"deadline": PATIENCE, **tables.get("limits", {})}
    settings = load_only(**{"sources": sources, "state": {"database_url": "sqlite://"}, **tables, "limits": limits})
    bound = bind("127.0.0.1", 0)
    with running(create_app(settings), bound, settings.limits):
        yield Client(url_of(bound))
