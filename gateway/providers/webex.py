"""Webex Calling: the numbers a location has free for a call queue.

https://developer.webex.com/docs/api/v1/features-call-queue/get-call-queue-primary-available-phone-numbers
"""

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal
from urllib.parse import quote, urlencode

from msgspec import Meta, Raw, Struct
from msgspec.structs import replace
from pydantic import Field, SecretStr, model_validator

from gateway.errors import SourceAuthFailed
from gateway.numbers.blocks import Block, Listing, Paging
from gateway.numbers.e164 import E164, NumberType, from_digits
from gateway.numbers.filters import Filter, named
from gateway.numbers.model import Availability, Lifecycle, Number, Origin, Record, location
from gateway.providers import answers, rows
from gateway.providers.protocol import Request, Response, SourceSettings, Token

NUMBERS_IN_A_URL = 100
"""E.164 numbers in one comma list: about 1.6 kB of URL, far below what proxies refuse."""

LIFECYCLES = answers.Words("state", Lifecycle, {"ACTIVE": "ACTIVE", "INACTIVE": "INACTIVE"})


class WebexDetails(Record, frozen=True):
    """What only Webex Calling says, in its own words."""

    org_id: Annotated[str | None, Meta(description="The organisation asked for, when one is configured.")]
    location_id: Annotated[str, Meta(description="The location the number belongs to.")]
    state: Annotated[str, Meta(description="ACTIVE or INACTIVE, as Webex writes it.")]
    telephony_type: Annotated[str | None, Meta(description="PSTN_NUMBER, as Webex writes it.")]
    is_main_number: Annotated[bool, Meta(description="Whether it is the location's caller id.")]
    toll_free_number: Annotated[bool, Meta(description="Whether Webex calls it toll-free.")]
    is_service_number: Annotated[bool, Meta(description="Whether it is a high-concurrency service number.")]


class WebexSettings(SourceSettings):
    """A Webex location. Give ``access_token``, or ``client_id``, ``client_secret`` and ``refresh_token``."""

    provider: Literal["webex"]
    base_url: str = "https://webexapis.com/v1"
    location_id: str = Field(min_length=1)
    org_id: str | None = None
    access_token: SecretStr | None = None
    client_id: str | None = None
    client_secret: SecretStr | None = None
    refresh_token: SecretStr | None = None
    ttl: float = Field(30.0, ge=0, description="Seconds for which a list counts as fresh.")

    @model_validator(mode="after")
    def _some_credential(self) -> "WebexSettings":
        if self.access_token is None and not (self.client_id and self.client_secret and self.refresh_token):
            msg = "give access_token, or client_id, client_secret and refresh_token"
            raise ValueError(msg)
        return self


class Row(Struct, rename="camel", gc=False):
    """One row of ``phoneNumbers``."""

    phone_number: str
    state: str | None = None
    telephony_type: str | None = None
    is_main_number: bool | None = None
    toll_free_number: bool | None = None
    is_service_number: bool | None = None


class Page(Struct, rename="camel"):
    """The answer."""

    phone_numbers: Raw


class Grant(Struct):
    """The answer of the token endpoint; 14 days for a service app."""

    access_token: str
    expires_in: float | None = None


class Webex:
    """One Webex location."""

    slug: ClassVar[str] = "webex"
    provider: ClassVar[str] = "WEBEX"
    title: ClassVar[str] = "Webex"
    version: ClassVar[int] = 1
    Settings: ClassVar[type[SourceSettings]] = WebexSettings
    Details: ClassVar[type[Record]] = WebexDetails
    availabilities: ClassVar[frozenset[Availability]] = frozenset({Availability.ASSIGNABLE})

    def __init__(self, name: str, settings: WebexSettings) -> None:
        self.name = name
        self.settings = settings
        self.paging = Paging(size=settings.block_size or 1000, probed=True)
        place = quote(settings.location_id, safe="")
        self._list_url = f"{settings.base_url.rstrip('/')}/telephony/config/locations/{place}/queues/availableNumbers"
        self._alikes = rows.Alikes(Row, {"phone_number"}, self._alike)

    def ask(self, block: Block, wanted: Filter) -> Request:
        """``start`` and ``max`` take any offset; exact numbers are the only filter Webex has."""
        numbers = named(wanted)
        if numbers is not None and len(numbers) <= NUMBERS_IN_A_URL:
            return self._request(numbers, block)
        return self._request((), block)

    def ask_many(self, e164s: Sequence[E164]) -> list[tuple[Request, Sequence[E164]]]:
        """One comma list for every hundred numbers."""
        chunks = [e164s[at : at + NUMBERS_IN_A_URL] for at in range(0, len(e164s), NUMBERS_IN_A_URL)]
        return [(self._request(chunk, Block(0, self.paging.size)), chunk) for chunk in chunks]

    def _request(self, numbers: Sequence[E164], block: Block) -> Request:
        query = {"orgId": self.settings.org_id} if self.settings.org_id else {}
        query |= {"max": str(block.size), "start": str(block.start)}
        if numbers:
            query["phoneNumber"] = ",".join(numbers)
        # a literal plus would arrive as a space; commas may stay as they are
        return Request("GET", f"{self._list_url}?{urlencode(query, safe=',')}", (("accept", "application/json"),))

    def sign(self, request: Request, token: str | None) -> Request:
        """The bearer goes into the header."""
        return answers.bearing(request, token, self.settings.access_token)

    def read(self, response: Response) -> Listing:
        """The rows; a ``Link`` header is never followed: it has been seen broken, and it would carry the token away."""
        page = answers.answered(self.title, response, Page)
        return rows.listing(self, response, page.phone_numbers, Row, self._number)

    def _number(self, row: Row, origin: Origin, drift: set[str]) -> Number:
        return replace(self._alikes.of(row, drift), e164=from_digits(row.phone_number), origin=origin)

    def _alike(self, row: Row, drift: set[str]) -> Number:
        toll_free, service = bool(row.toll_free_number), bool(row.is_service_number)
        return Number(
            e164=rows.NO_NUMBER,
            origin=rows.NOBODY,
            availability=Availability.ASSIGNABLE,
            lifecycle=LIFECYCLES.read(row.state, drift),
            raw_status=row.state,
            said_type=NumberType.TOLL_FREE if toll_free else NumberType.SERVICE if service else NumberType.STANDARD,
            location=location(self.settings.location_id, None),
            details=WebexDetails(
                org_id=self.settings.org_id,
                location_id=self.settings.location_id,
                state=row.state or "UNKNOWN",
                telephony_type=row.telephony_type,
                is_main_number=bool(row.is_main_number),
                toll_free_number=toll_free,
                is_service_number=service,
            ),
        )

    @property
    def exchanges(self) -> bool:
        """A service app's refresh token is exchanged; a given access token is used as it is."""
        return self.settings.access_token is None

    def log_in(self) -> Request:
        """``grant_type=refresh_token``; the refresh token is renewed by being used."""
        held = self.settings
        assert held.client_secret is not None
        assert held.refresh_token is not None
        form = {
            "grant_type": "refresh_token",
            "client_id": held.client_id,
            "client_secret": held.client_secret.get_secret_value(),
            "refresh_token": held.refresh_token.get_secret_value(),
        }
        headers = (("accept", "application/json"), ("content-type", "application/x-www-form-urlencoded"))
        return Request("POST", f"{held.base_url.rstrip('/')}/access_token", headers, urlencode(form).encode())

    def read_token(self, response: Response) -> Token:
        """The access token and its lifetime; 400 and 401 mean that the credentials are wrong."""
        if response.status in (400, 401):
            msg = "Webex refused the refresh token: check client_id, client_secret and refresh_token."
            raise SourceAuthFailed(msg)
        grant = answers.answered(self.title, response, Grant)
        return Token(grant.access_token, grant.expires_in)
