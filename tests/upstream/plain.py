"""Sources with one capability each, over a server of the tests: what the gateway does with a class that has no more."""

from collections.abc import Sequence
from typing import Any

import msgspec

from gateway.errors import UNLISTED, SourceMisconfigured
from gateway.numbers.blocks import Block, Listing
from gateway.numbers.e164 import E164
from gateway.numbers.filters import Filter
from gateway.numbers.model import Number
from gateway.providers.protocol import Request, Response, Source, Token
from gateway.telemetry import Fact
from gateway.upstream.cache import Cache
from gateway.upstream.cache_memory import BoundedMemory
from gateway.upstream.client import HttpTransport
from gateway.upstream.clock import Clock
from gateway.upstream.inventory import Inventory
from gateway.upstream.lookups import Lookups
from gateway.upstream.policy import Caller
from tests.conftest import PLAINLY
from tests.contract.acme import Acme, AcmeDetails, AcmeSettings, Page, Row
from tests.upstream.stores import Stored

IN_ONE_QUESTION = 50


class Mute:
    """A source that can be asked for nothing."""

    slug, provider, title, version = Acme.slug, Acme.provider, Acme.title, Acme.version
    Settings, Details, availabilities = AcmeSettings, AcmeDetails, Acme.availabilities

    def __init__(self, name: str, settings: AcmeSettings) -> None:
        self.name = name
        self.settings = settings
        self._acme = Acme(name, settings)

    def sign(self, request: Request, token: str | None) -> Request:
        """As Acme does."""
        return self._acme.sign(request, token)


class Checks(Mute):
    """Can be asked for one number."""

    def ask_one(self, e164: E164) -> Request:
        """By its digits."""
        return Request("GET", f"{self.settings.base_url}/check/{e164[1:]}")

    def read_one(self, e164: E164, response: Response) -> Number | None:
        """The number, unless the list of one is empty."""
        rows = self._acme.read(response).rows
        return next((number for number in rows if number.e164 == e164), None)


class Many(Mute):
    """Can be asked for many numbers at once, and has no list."""

    def ask_many(self, e164s: Sequence[E164]) -> list[tuple[Request, Sequence[E164]]]:
        """Fifty in each question."""
        chunks = [e164s[at : at + IN_ONE_QUESTION] for at in range(0, len(e164s), IN_ONE_QUESTION)]
        return [(Request("GET", f"{self.settings.base_url}/many/{','.join(chunk)}"), chunk) for chunk in chunks]

    def read(self, response: Response) -> Listing:
        """The rows."""
        return self._acme.read(response)


class Unlisted(Checks):
    """Has checks, and a list only where the provider opened it: 404 says that it is closed."""

    def __init__(self, name: str, settings: AcmeSettings) -> None:
        super().__init__(name, settings)
        self.paging = self._acme.paging

    def ask(self, block: Block, wanted: Filter) -> Request:
        """As Acme does."""
        return self._acme.ask(block, wanted)

    def read(self, response: Response) -> Listing:
        """The rows, where there is a list."""
        if response.status == 404:
            msg = "There is no list here."
            raise SourceMisconfigured(msg, reason=UNLISTED)
        return self._acme.read(response)


class Exchanging(Acme):
    """Exchanges its key for a token first."""

    exchanges = True

    def log_in(self) -> Request:
        """The key goes into the body."""
        return Request("POST", f"{self.settings.base_url}/token", (), self.settings.api_key.get_secret_value().encode())

    def read_token(self, response: Response) -> Token:
        """Any token, for an hour."""
        return Token(response.body.decode(), 3600.0)


class Rephrasing(Acme):
    """Has three wordings for its question, of which a server may take any."""

    def read(self, response: Response) -> Listing:
        """The rows; 400 says which wording is refused."""
        if response.status == 400:
            msg = "This wording is refused."
            raise SourceMisconfigured(msg, reason=response.body.decode())
        return super().read(response)

    def rephrase(self, request: Request, reason: str) -> Request | None:
        """The next wording, for the one reason that another wording mends."""
        worded = request.url.count("&again")
        return Request("GET", f"{request.url}&again") if reason == "wording" and worded < 2 else None


class Rig:
    """One source with everything of this room around it, and what was told of it; ``close`` gives its sockets back."""

    def __init__(self, kind: Any, url: str, clock: Clock, **settings: Any) -> None:  # noqa: ANN401 - any source's class
        held = AcmeSettings.model_validate(
            {"provider": "acme", "base_url": url, "api_key": "seKret", **PLAINLY, **settings}
        )
        self.source: Source = kind("depot", held)
        self.facts: list[Fact] = []
        self.transport = HttpTransport.open(clock.now)
        self.caller = Caller(self.source, self.transport, clock, self.facts.append)
        self.cache = Cache(BoundedMemory(), tell=self.facts.append)
        self.stored = Stored({"depot": self.source}, clock)
        callers, events = {"depot": self.caller}, self.stored.events
        self.inventory = Inventory(callers, self.cache, clock, events, self.facts.append)
        self.lookups = Lookups(callers, self.inventory, self.cache, clock, events)

    async def close(self) -> None:
        """Stop what is under way."""
        await self.cache.close()
        await self.stored.close()
        await self.transport.close()


def page(numbers: Sequence[str], count: int | None = None) -> bytes:
    """An answer's body with these numbers."""
    return msgspec.json.encode(Page(msgspec.Raw(msgspec.json.encode([Row(tel=tel) for tel in numbers])), count))
