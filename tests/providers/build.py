"""Sources with settings for tests, recorded bodies, and answers made of them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from gateway.numbers.blocks import Listing
from gateway.numbers.model import CurrencyCode, Money, Observation, Origin, Provenance
from gateway.providers.callgear import CallGear, CallGearSettings
from gateway.providers.cloudlx import CloudLX, CloudLXSettings
from gateway.providers.eight_by_eight import EightByEight, EightByEightSettings
from gateway.providers.protocol import Lists, Response, Source
from gateway.providers.webex import Webex, WebexSettings

NOW = datetime(2026, 11, 21, 9, 0, 5, tzinfo=UTC)
SAMPLES = Path(__file__).parent.parent / "samples"
Json = Any

SECRETS = {
    "api_key": "secret-key",
    "webhook_secret": "secret-header",
    "access_token": "secret-token",
    "client_id": "secret-id",
    "client_secret": "secret-client",
    "refresh_token": "secret-refresh",
    "login": "secret-login",
    "password": "secret-password",
}
"""Every credential a source can be given, each told from all others."""


def eight_by_eight(**settings: Json) -> EightByEight:
    """The subaccount of the vendor's example."""
    given = {"subaccount_id": "MySubAccount", "api_key": SECRETS["api_key"]} | settings
    return EightByEight("voice_sg", EightByEightSettings(provider="8x8", **given))


def webex(**settings: Json) -> Webex:
    """A location with an access token, unless other credentials are given."""
    given = {"location_id": "loc-1"} | _credential(settings) | settings
    return Webex("london", WebexSettings(provider="webex", **given))


def cloudlx(**settings: Json) -> CloudLX:
    """An account with an access token, unless other credentials are given."""
    given = {"base_url": "https://cloudlx.test/api"} | _credential(settings) | settings
    return CloudLX("epsilon", CloudLXSettings(provider="cloudlx", **given))


def callgear(**settings: Json) -> CallGear:
    """An account with a key, unless other credentials are given."""
    return CallGear("market", CallGearSettings(provider="callgear", **(_credential(settings) | settings)))


def _credential(settings: Mapping[str, Json]) -> dict[str, Json]:
    given = {"client_secret", "password"} & set(settings)
    return {} if given else {"access_token": SECRETS["access_token"]}


def all_sources() -> list[Source]:
    """Each provider once."""
    return [eight_by_eight(), webex(), cloudlx(), callgear()]


def all_lists() -> list[Lists]:
    """Each provider that can be read as a list."""
    return [eight_by_eight(), webex(), cloudlx(), callgear()]


def body_of(path: str) -> bytes:
    """A recorded body."""
    return (SAMPLES / path).read_bytes()


def response(body: bytes | Json, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer of these bytes, or of this as JSON."""
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return Response(status, headers or {}, raw, NOW)


def sample(path: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer of a recorded body."""
    return response(body_of(path), status, headers)


ENVELOPES: dict[str, tuple[str, ...]] = {
    "8x8": ("numbers",),
    "webex": ("phoneNumbers",),
    "cloudlx": ("numbers",),
    "callgear": ("result", "data"),
}
"""Where the rows of a list stand."""
ROWS: dict[str, dict[str, Json]] = {
    "8x8": {"msisdn": "+6598765432", "countryCode": "SG", "operationalStatus": "Active"},
    "webex": {
        "phoneNumber": "+12056350001",
        "state": "ACTIVE",
        "isMainNumber": False,
        "telephonyType": "PSTN_NUMBER",
        "tollFreeNumber": False,
        "isServiceNumber": False,
    },
    "cloudlx": {"uuid": "7c327e0f", "number_e164": "+441245123456", "country_iso": "UK", "status": "Reserved"},
    "callgear": {"phone_number": "74993720692", "category": "usual"},
}
"""A plain row of each provider."""
NUMBER_FIELDS = {"8x8": "msisdn", "webex": "phoneNumber", "cloudlx": "number_e164", "callgear": "phone_number"}
"""Where a row holds its number."""


def page(slug: str, *rows: Json, **beside: Json) -> Json:
    """A list's answer of these rows."""
    if slug == "callgear":
        return {"jsonrpc": "2.0", "id": "get.available_virtual_numbers", "result": {"data": list(rows), **beside}}
    return {ENVELOPES[slug][0]: list(rows), **beside}


def listed(source: Lists, *rows: Json, **beside: Json) -> Listing:
    """What a list of these rows is read as; each row is the plain row with these fields."""
    full = [ROWS[source.slug] | row if isinstance(row, dict) else row for row in rows]
    return source.read(response(page(source.slug, *full, **beside)))


def origin(source: Source, via: Observation = Observation.LIST) -> Origin:
    """Where the rows of an answer were heard."""
    return Origin(provider=source.provider, source=source.name, via=via, as_of=NOW)


def money(amount: str, currency: str | None = None, named_by: Provenance = Provenance.UNKNOWN) -> Money:
    """An amount as it is written."""
    code = None if currency is None else CurrencyCode(currency)
    return Money(amount=Decimal(amount), currency=code, currency_from=named_by)
