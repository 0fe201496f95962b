"""8x8 CPaaS Voice: the virtual numbers of a subaccount, and the event that tells their changes.

https://developer.8x8.com/connect/reference/check-virtual-number and
https://developer.8x8.com/connect/docs/virtual-number-updated-event
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import quote

from msgspec import Meta, Raw, Struct
from msgspec.structs import replace
from pydantic import Field, SecretStr

from gateway.errors import UNLISTED, BadUserInput, SourceBadAnswer, SourceMisconfigured
from gateway.numbers import model
from gateway.numbers.blocks import Block, Listing, Paging
from gateway.numbers.e164 import E164, NumberType, from_digits
from gateway.numbers.filters import Filter
from gateway.providers import answers, rows
from gateway.providers.protocol import Request, Response, SourceSettings, Told, WebhookSettings

LIFECYCLES = answers.Words(
    "operationalStatus",
    model.Lifecycle,
    {"Active": "ACTIVE", "Unhealthy": "ACTIVE", "Expiring": "EXPIRING", "Inactive": "INACTIVE"},
)
"""Health is folded into the status in events; here it is told apart."""

TYPES = answers.Words(
    "numberType",
    NumberType,
    {"GEOGRAPHIC": "GEOGRAPHIC", "GEO": "GEOGRAPHIC", "LOCAL": "GEOGRAPHIC", "MOBILE": "MOBILE", "PREMIUM": "PREMIUM"}
    | dict.fromkeys(("TOLL_FREE", "TOLL FREE", "TOLLFREE"), "TOLL_FREE"),
)
"""The values are not documented; these are the vendor's words elsewhere."""


class EightByEightDetails(model.Record, frozen=True):
    """What only 8x8 says, in its own words."""

    passing: ClassVar[frozenset[str]] = frozenset({"update_status"})

    sub_account_id: Annotated[str, Meta(description="The subaccount whose pool the number is in.")]
    reference_id: Annotated[str | None, Meta(description="8x8's reference; it names a range of numbers.")] = None
    operational_status: Annotated[str | None, Meta(description="Active, Unhealthy, Expiring or Inactive.")] = None
    rental_price: Annotated[Decimal | None, Meta(description="The monthly fee.")] = None
    incoming_rate: Annotated[Decimal | None, Meta(description="The fee for a minute of inbound calls.")] = None
    billing_unit: Annotated[int | None, Meta(description="The billing increment, probably in seconds.")] = None
    billing_currency: Annotated[model.CurrencyCode | None, Meta(description="The currency of both fees.")] = None
    number_health_check_enabled: Annotated[bool | None, Meta(description="Whether 8x8 checks its health.")] = None
    update_status: Annotated[str | None, Meta(description="UPDATED or NO_CHANGE, in the last event.")] = None


class EightByEightSettings(WebhookSettings):
    """An 8x8 subaccount."""

    provider: Literal["8x8"]
    base_url: str = "https://voice.8x8.com"
    subaccount_id: str = Field(pattern=r"^[A-Za-z0-9\-._&]{3,50}$")
    api_key: SecretStr


class HealthRow(Struct, rename="camel"):
    """``numberHealth`` of a listed number."""

    is_healthy: bool | None = None
    last_checked_time: str | None = None


class Row(Struct, rename="camel", gc=False):
    """A number as the check (first three fields), the list and the event write it."""

    msisdn: str
    country_code: str | None = None
    reference_id: str | None = None
    operational_status: str | None = None
    rental_price: rows.Amount = rows.NO_AMOUNT
    incoming_rate: rows.Amount = rows.NO_AMOUNT
    billing_unit: int | None = None
    billing_currency: str | None = None
    number_health_check_enabled: bool | None = None
    number_type: str | None = None
    number_health: Any = None
    date_created: str | None = None
    date_updated: str | None = None
    updated_timestamp: str | None = None
    update_status: str | None = None


class ListPage(Struct, rename="camel"):
    """The answer of the list: the whole pool, unpaginated."""

    numbers: Raw
    total_numbers: Any = None
    status_code: Any = None


class Checked(Struct, rename="camel"):
    """The answer of the check. Both error families are read: ``statusMessage`` of voice, ``message`` of the platform."""

    payload: Raw = answers.NOTHING
    status_code: Any = None
    status_message: Any = None
    message: Any = None


class Payload(Struct, rename="camel"):
    """The payload of an event."""

    sub_account_id: str
    virtual_numbers: Raw
    total_numbers: Any = None
    update_event_type: Any = None


class Event(Struct, rename="camel"):
    """An event."""

    namespace: str
    event_type: str
    payload: Payload


class EightByEight:
    """One 8x8 subaccount."""

    slug: ClassVar[str] = "8x8"
    provider: ClassVar[str] = "EIGHT_BY_EIGHT"
    title: ClassVar[str] = "8x8"
    version: ClassVar[int] = 1
    Settings: ClassVar[type[SourceSettings]] = EightByEightSettings
    Details: ClassVar[type[model.Record]] = EightByEightDetails
    availabilities: ClassVar[frozenset[model.Availability]] = frozenset({model.Availability.OWNED})
    paging = Paging(size=1, whole=True)

    def __init__(self, name: str, settings: EightByEightSettings) -> None:
        self.name = name
        self.settings = settings
        own = {"msisdn", "date_created", "date_updated", "updated_timestamp"}
        self._alikes = rows.Alikes(Row, own, self._alike)
        base = f"{settings.base_url.rstrip('/')}/api/v1/subaccounts"
        self._numbers_url = f"{base}/{quote(settings.subaccount_id, safe='')}/numbers"

    def ask(self, block: Block, wanted: Filter) -> Request:  # noqa: ARG002 - the list takes no parameters
        """The whole pool in one answer."""
        return Request("GET", self._numbers_url, (("accept", "application/json"),))

    def ask_one(self, e164: E164) -> Request:
        """The number's digits without the plus; the documented 7 to 10 digits are impossible for the vendor's own example."""
        return Request("GET", f"{self._numbers_url}/{e164[1:]}", (("accept", "application/json"),))

    def sign(self, request: Request, token: str | None) -> Request:  # noqa: ARG002 - the key never changes
        """The key goes into the header."""
        return answers.bearing(request, None, self.settings.api_key)

    def read(self, response: Response) -> Listing:
        """The rows. An account without the list endpoint answers 404 there."""
        self._refuse(response)
        page = answers.decoded(self.title, response.body, ListPage)
        _expect_success(page.status_code)
        return rows.listing(self, response, page.numbers, Row, self._number, total=answers.total(page.total_numbers))

    def read_one(self, e164: E164, response: Response) -> model.Number | None:
        """The number; a 404, or a 200 that names none, means that the pool lacks it, unless it names the subaccount."""
        if response.status == 404:  # noqa: PLR2004 - the documented status of an unknown number
            self._refuse_subaccount(response)
            return None
        self._refuse(response)
        checked = answers.decoded(self.title, response.body, Checked)
        _expect_success(checked.status_code)
        if checked.payload == answers.NOTHING:
            return None
        held = answers.decoded(self.title, checked.payload, dict[str, Raw])
        if held.get("msisdn", answers.NOTHING) == answers.NOTHING:
            return None
        payload, via = _as_list(checked.payload), model.Observation.CHECK
        [number] = rows.listing(self, response, payload, Row, self._number, via=via).rows
        return number if number.e164 == e164 else None

    def _refuse(self, response: Response) -> None:
        if response.status == 404:  # noqa: PLR2004 - an unknown subaccount, or an account without the list
            self._refuse_subaccount(response)
            msg = "8x8 has no list of numbers for this subaccount."
            raise SourceMisconfigured(msg, reason=UNLISTED)
        if (error := answers.refusal(self.title, response)) is not None:
            raise error

    def _refuse_subaccount(self, response: Response) -> None:
        """A 404 whose message names the subaccount is about the settings, not about a number."""
        try:
            said = answers.decoded(self.title, response.body, Checked)
        except SourceBadAnswer:
            return
        if "subaccount" in f"{said.status_message} {said.message}".casefold():
            msg = "8x8 does not know the subaccount: check subaccount_id."
            raise SourceMisconfigured(msg)

    def _number(self, row: Row, origin: model.Origin, drift: set[str]) -> model.Number:
        return replace(
            self._alikes.of(row, drift),
            e164=from_digits(row.msisdn),
            origin=origin,
            health=_health(row, origin.via, drift),
            provisioned_at=answers.moment(row.date_created),
            updated_at=answers.moment(row.updated_timestamp or row.date_updated),
        )

    def _alike(self, row: Row, drift: set[str]) -> model.Number:
        currency, number_type = answers.currency(row.billing_currency), TYPES.read(row.number_type, drift)
        rental, inbound = rows.amount(row.rental_price), rows.amount(row.incoming_rate)
        status = row.operational_status or None
        return model.Number(
            e164=rows.NO_NUMBER,
            origin=rows.NOBODY,
            availability=model.Availability.OWNED,
            lifecycle=LIFECYCLES.read(status, drift),
            raw_status=status,
            usable_for_new_sessions=None if status is None else status.casefold() == "active",
            said_country=answers.country(row.country_code),
            said_type=None if number_type is NumberType.UNKNOWN else number_type,
            pricing=model.pricing(currency, model.Provenance.PROVIDER, monthly=rental, inbound_per_minute=inbound),
            details=EightByEightDetails(
                sub_account_id=self.settings.subaccount_id,
                reference_id=row.reference_id,
                operational_status=status,
                rental_price=rental,
                incoming_rate=inbound,
                billing_unit=row.billing_unit and answers.total(row.billing_unit),
                billing_currency=currency,
                number_health_check_enabled=row.number_health_check_enabled,
                update_status=row.update_status,
            ),
        )

    def receive(self, body: bytes, received_at: datetime) -> Told:
        """A Virtual Number Updated event. A SNAPSHOT with as many numbers as it counts replaces what was known.

        Raises:
            BadUserInput: it is not that event, or is for another subaccount; the message names the place.
        """
        try:
            event = answers.decoded(self.title, body, Event)
            self._expect_ours(event)
            response, listed = Response(200, {}, body, received_at), _as_list(event.payload.virtual_numbers)
            told = rows.listing(self, response, listed, Row, self._number, via=model.Observation.WEBHOOK)
        except SourceBadAnswer as error:
            msg = f"This is not a Virtual Number Updated event: {error.__cause__ or error}"
            raise BadUserInput(msg) from error
        unchanged = (number.e164 for number in told.rows if getattr(number.details, "update_status", "") == "NO_CHANGE")
        total = answers.total(event.payload.total_numbers)
        complete = not told.skipped and len({number.e164 for number in told.rows}) == total
        return Told(
            numbers=told.rows,
            unchanged=frozenset(unchanged),
            replaces=event.payload.update_event_type == "SNAPSHOT" and complete,
            total=total,
            skipped=told.skipped,
            drift=told.drift,
        )

    def _expect_ours(self, event: Event) -> None:
        expected = (
            ("namespace", event.namespace, "VOICE"),
            ("eventType", event.event_type, "VIRTUAL_NUMBER_UPDATE"),
            ("payload.subAccountId", event.payload.sub_account_id, self.settings.subaccount_id),
        )
        foreign = [f"{place} is not {ours!r}" for place, said, ours in expected if said != ours]
        if foreign:
            msg = f"This event is not for this source: {', '.join(foreign)}."
            raise BadUserInput(msg)


def _expect_success(status_code: object) -> None:
    """A 200 may carry a failing ``statusCode``: negative for validation, or an HTTP status."""
    if status_code not in (None, 0, 1, 200, "0", "1", "200"):
        msg = "8x8 answered 200 with a statusCode that says that it failed."
        raise SourceBadAnswer(msg)


def _health(row: Row, via: model.Observation, drift: set[str]) -> model.Health:
    """From the list's health object, else from the event's status; a check says nothing of health."""
    said = rows.part(row.number_health, HealthRow, "numberHealth", drift)
    if said is not None and said.is_healthy is not None:
        state = model.HealthState.HEALTHY if said.is_healthy else model.HealthState.UNHEALTHY
        return model.Health(state=state, checked_at=answers.moment(said.last_checked_time))
    status = (row.operational_status or "").casefold()
    if status == "unhealthy":
        return model.Health(state=model.HealthState.UNHEALTHY)
    if status == "active" and row.number_health_check_enabled and via is model.Observation.WEBHOOK:
        return model.Health(state=model.HealthState.HEALTHY)
    return model.NO_HEALTH


def _as_list(raw: Raw) -> bytes:
    """``virtualNumbers`` is documented as an object and shown as an array; a lone object is one number."""
    text = bytes(raw).strip()
    return b"[" + text + b"]" if text.startswith(b"{") else text
