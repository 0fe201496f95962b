"""CloudLX (Infiny) by Epsilon: the numbers reserved to an account.

https://cloudlx.epsilontel.com/api-documentation/numbers/list
"""

from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta, Raw, Struct
from msgspec.structs import replace
from pydantic import Field, SecretStr, field_validator, model_validator

from gateway.errors import SourceAuthFailed, SourceBadAnswer
from gateway.numbers import model
from gateway.numbers.blocks import Block, Listing, Paging
from gateway.numbers.e164 import CountryCode, from_digits
from gateway.numbers.filters import Filter, conjuncts, named
from gateway.providers import answers, rows
from gateway.providers.protocol import Request, Response, SourceSettings, Token

ACCEPT = ("accept", "application/vnd.cloudlx.v1+json")
ROWS_IN_A_PAGE = 200
SEARCHED_DIGITS = 5
"""No local part is shorter."""

LIFECYCLES = answers.Words(
    "status",
    model.Lifecycle,
    {"Reserved": "RESERVED", "Cancelled": "CANCELLED", "Available": "AVAILABLE", "Active": "ACTIVE"},
)


class Address(model.Record, frozen=True):
    """An address registered with a number. Personal data."""

    id: Annotated[str | None, Meta(description="CloudLX's key of the address.")] = None
    name: Annotated[str | None, Meta(description="What the account calls it.")] = None
    use_for_proof_of_address: Annotated[bool | None, Meta(description="Whether it is a proof of address.")] = None
    use_for_emergency_address: Annotated[bool | None, Meta(description="Whether emergency services get it.")] = None
    address_line1: Annotated[str | None, Meta(description="First line.")] = None
    address_line2: Annotated[str | None, Meta(description="Second line.")] = None
    city: Annotated[str | None, Meta(description="City.")] = None
    region: Annotated[str | None, Meta(description="Region, county or state.")] = None
    postal_code: Annotated[str | None, Meta(description="Postal code.")] = None
    country: Annotated[CountryCode | None, Meta(description="ISO 3166-1 alpha-2.")] = None


class CloudLXDetails(model.Record, frozen=True):
    """What only CloudLX says, in its own words."""

    uuid: Annotated[str, Meta(description="CloudLX's key of the number.", extra={"scalar": "ID"})]
    number: Annotated[str | None, Meta(description="The local number, without country and range code.")] = None
    range_code: Annotated[str | None, Meta(description="The range code.")] = None
    range_name: Annotated[str | None, Meta(description="The range's name, such as an area or a number type.")] = None
    country_name: Annotated[str | None, Meta(description="The country's name, as CloudLX writes it.")] = None
    country_iso: Annotated[str | None, Meta(description="The country's code, as CloudLX writes it: UK, not GB.")] = None
    monthly_charge: Annotated[Decimal | None, Meta(description="The monthly charge, without a currency.")] = None
    setup_charge: Annotated[Decimal | None, Meta(description="The charge paid once, without a currency.")] = None
    status: Annotated[str | None, Meta(description="The status, as CloudLX writes it.")] = None
    number_address: Annotated[
        Address | None,
        Meta(description="The address that proves where the customer is.", extra={"scope": "addresses:read"}),
    ] = None
    emergency_number_address: Annotated[
        Address | None,
        Meta(description="The address emergency services are told.", extra={"scope": "addresses:read"}),
    ] = None


class CloudLXSettings(SourceSettings):
    """A CloudLX account. Give ``client_id`` and ``client_secret``, or ``access_token``."""

    provider: Literal["cloudlx"]
    base_url: str = Field(description="Required: the host has been renamed more than once.")
    client_id: str | None = None
    client_secret: SecretStr | None = None
    access_token: SecretStr | None = None
    currency: str | None = Field(None, pattern="^[A-Z]{3}$", description="CloudLX states none.")
    timezone: str = Field("UTC", description="CloudLX writes times without one.")
    block_size: int | None = Field(None, gt=0, le=ROWS_IN_A_PAGE)

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError):
            msg = f"{zone!r} is not a time zone of the IANA database, such as Europe/London"
            raise ValueError(msg) from None
        return zone

    @model_validator(mode="after")
    def _some_credential(self) -> "CloudLXSettings":
        if self.access_token is None and not (self.client_id and self.client_secret):
            msg = "give client_id and client_secret, or access_token"
            raise ValueError(msg)
        return self


class AddressRow(Struct, rename="camel"):
    """An address as CloudLX writes it."""

    id: str | None = None
    name: str | None = None
    use_for_proof_of_address: bool | None = None
    use_for_emergency_address: bool | None = None
    address_line1: str | None = None
    address_line2: str | None = None
    address_city: str | None = None
    address_region: str | None = None
    address_postal_code: str | None = None
    address_country: Any = None


class Row(Struct, gc=False):
    """One row of ``numbers``."""

    uuid: str
    number_e164: str | None = None
    number: str | None = None
    range_code: str | None = None
    range_name: str | None = None
    country_code: str | None = None
    country_name: str | None = None
    country_iso: str | None = None
    monthly_charge: rows.Amount = rows.NO_AMOUNT
    setup_charge: rows.Amount = rows.NO_AMOUNT
    status: str | None = None
    provisioned: str | None = None
    details: Any = None
    number_address: Any = None
    emergency_number_address: Any = None


class Page(Struct):
    """The answer. ``paginates`` compares the total with the page size, so it says nothing about a next page."""

    numbers: Raw
    num_results: Any = None
    paginates: Any = None


class Grant(Struct):
    """The answer of the token endpoint; ``token_type`` has been seen as ``client_credentials`` and is ignored."""

    access_token: str
    expires_in: float | None = None


class Refusal(Struct):
    """An error body of the framework CloudLX runs on."""

    message: str = ""


class CloudLX:
    """One CloudLX account."""

    slug: ClassVar[str] = "cloudlx"
    provider: ClassVar[str] = "CLOUDLX"
    title: ClassVar[str] = "CloudLX"
    version: ClassVar[int] = 1
    Settings: ClassVar[type[SourceSettings]] = CloudLXSettings
    Details: ClassVar[type[model.Record]] = CloudLXDetails
    availabilities: ClassVar[frozenset[model.Availability]] = frozenset(
        {model.Availability.OWNED, model.Availability.RELEASED}
    )

    def __init__(self, name: str, settings: CloudLXSettings) -> None:
        self.name = name
        self.settings = settings
        self.paging = Paging(size=settings.block_size or ROWS_IN_A_PAGE, aligned=True, ahead=8)
        self._base_url = settings.base_url.rstrip("/")
        self._zone = ZoneInfo(settings.timezone)
        self._currency = model.CurrencyCode(settings.currency) if settings.currency else None
        self._alikes = rows.Alikes(Row, {"uuid", "number_e164", "number", "provisioned"}, self._alike)

    def ask(self, block: Block, wanted: Filter) -> Request:
        """A page; where the filter says how a number ends, that is searched for."""
        query = {"max_per_page": str(block.size), "page": str(block.index + 1)}
        if digits := _searched(wanted):
            query["search"] = digits
        return Request("GET", f"{self._base_url}/numbers?{urlencode(query)}", (ACCEPT,))

    def sign(self, request: Request, token: str | None) -> Request:
        """The bearer goes into the header."""
        return answers.bearing(request, token, self.settings.access_token)

    def read(self, response: Response) -> Listing:
        """The rows; ``num_results`` is the total, unless there is more than it counts: then it counts this page."""
        page = answers.answered(self.title, response, Page)
        total, listing = answers.total(page.num_results), rows.listing(self, response, page.numbers, Row, self._number)
        return replace(listing, total=None if page.paginates and (total or 0) <= listing.sent else total)

    def _number(self, row: Row, origin: model.Origin, drift: set[str]) -> model.Number:
        written = row.number_e164 or f"{row.country_code or ''}{row.range_code or ''}{row.number or ''}"
        e164, alike = from_digits(written), self._alikes.of(row, drift)
        details = replace(
            alike.details,
            uuid=row.uuid,
            number=row.number or None,
            number_address=_address(row, "number_address", drift),
            emergency_number_address=_address(row, "emergency_number_address", drift),
        )
        provisioned = answers.moment(row.provisioned, self._zone)
        return replace(alike, e164=e164, origin=origin, provisioned_at=provisioned, details=details)

    def _alike(self, row: Row, drift: set[str]) -> model.Number:
        monthly, setup = rows.amount(row.monthly_charge), rows.amount(row.setup_charge)
        lifecycle = LIFECYCLES.read(row.status, drift)
        cancelled = lifecycle is model.Lifecycle.CANCELLED
        return model.Number(
            e164=rows.NO_NUMBER,
            origin=rows.NOBODY,
            availability=model.Availability.RELEASED if cancelled else model.Availability.OWNED,
            lifecycle=lifecycle,
            raw_status=row.status or None,
            said_country=answers.country(row.country_iso),
            location=model.location(row.range_code or None, row.range_name or None),
            pricing=model.pricing(self._currency, model.Provenance.CONFIGURED, monthly=monthly, setup=setup),
            details=CloudLXDetails(
                uuid="",
                range_code=row.range_code or None,
                range_name=row.range_name or None,
                country_name=row.country_name or None,
                country_iso=row.country_iso or None,
                monthly_charge=monthly,
                setup_charge=setup,
                status=row.status or None,
            ),
        )

    @property
    def exchanges(self) -> bool:
        """Client credentials are exchanged; a given access token is used as it is."""
        return self.settings.access_token is None

    def log_in(self) -> Request:
        """OAuth client credentials, as JSON as the vendor's own client sends them."""
        secret = self.settings.client_secret
        assert secret is not None
        grant = {
            "grant_type": "client_credentials",
            "client_id": self.settings.client_id,
            "client_secret": secret.get_secret_value(),
        }
        headers = (ACCEPT, ("content-type", "application/json"))
        return Request("POST", f"{self._base_url}/oauth2/access-token", headers, msgspec.json.encode(grant))

    def read_token(self, response: Response) -> Token:
        """The token, good for an hour. Wrong credentials have been seen to answer 500 with a telling message."""
        if response.status in (400, 401) or (response.status >= 500 and _refuses_the_client(response)):  # noqa: PLR2004
            msg = "CloudLX refused the client credentials: check client_id and client_secret."
            raise SourceAuthFailed(msg)
        grant = answers.answered(self.title, response, Grant)
        return Token(grant.access_token, grant.expires_in)


def _refuses_the_client(response: Response) -> bool:
    """dingo/api issue 613: a refused client surfaces as an internal error."""
    try:
        return "client authentication failed" in answers.decoded("CloudLX", response.body, Refusal).message.casefold()
    except SourceBadAnswer:
        return False


def _searched(wanted: Filter) -> str:
    """Last digits that every wanted number has, "" when the filter promises none.

    Only the end of a number can be searched for: whether ``search`` looks at the E.164 form or at the local part is
    not documented, and both end alike.
    """
    numbers = named(wanted)
    if numbers is not None:
        return numbers[0][1:][-SEARCHED_DIGITS:] if len(numbers) == 1 else ""
    ends = [part.e164.ends_with for part in conjuncts(wanted) if part.e164 is not None and part.e164.ends_with]
    return max(ends, key=len)[-SEARCHED_DIGITS:] if ends else ""


def _address(row: Row, field: str, drift: set[str]) -> Address | None:
    """An address: documented beside the status and shown within ``details``."""
    written = (row.details.get(field) if isinstance(row.details, dict) else None) or getattr(row, field)
    if not written or (said := rows.part(written, AddressRow, field, drift)) is None:
        return None
    iso = answers.within(said.address_country, "iso") or said.address_country
    return Address(
        id=said.id,
        name=said.name,
        use_for_proof_of_address=said.use_for_proof_of_address,
        use_for_emergency_address=said.use_for_emergency_address,
        address_line1=said.address_line1,
        address_line2=said.address_line2,
        city=said.address_city,
        region=said.address_region,
        postal_code=said.address_postal_code,
        country=answers.country(iso if isinstance(iso, str) else None),
    )
