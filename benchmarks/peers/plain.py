"""The baseline: Strawberry, Starlette, uvicorn and aiohttp, used as their documentations show, and nothing else."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import aiohttp
import strawberry
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route
from strawberry import Info
from strawberry.asgi import GraphQL

UPSTREAM = os.environ["UPSTREAM"]
METHOD = "get.available_virtual_numbers"
Asked: TypeAlias = Info["dict[str, Any]", None]


@strawberry.type
class EightByEightNumber:
    """A row of 8x8."""

    msisdn: str
    country_code: str | None
    operational_status: str | None
    reference_id: str | None
    rental_price: float | None
    incoming_rate: float | None
    billing_unit: int | None
    billing_currency: str | None
    number_health_check_enabled: bool | None


@strawberry.type
class EightByEightPage:
    """The list of 8x8."""

    numbers: list[EightByEightNumber]


@strawberry.type
class WebexNumber:
    """A row of Webex."""

    phone_number: str
    state: str | None
    telephony_type: str | None
    is_main_number: bool | None
    toll_free_number: bool | None
    is_service_number: bool | None


@strawberry.type
class WebexPage:
    """A page of Webex."""

    phone_numbers: list[WebexNumber]


@strawberry.type
class CloudLXNumber:
    """A row of CloudLX."""

    uuid: strawberry.ID
    number_e164: str | None = strawberry.field(name="number_e164")
    number: str | None
    range_code: str | None = strawberry.field(name="range_code")
    range_name: str | None = strawberry.field(name="range_name")
    country_name: str | None = strawberry.field(name="country_name")
    country_iso: str | None = strawberry.field(name="country_iso")
    monthly_charge: float | None = strawberry.field(name="monthly_charge")
    setup_charge: float | None = strawberry.field(name="setup_charge")
    status: str | None


@strawberry.type
class CloudLXPage:
    """A page of CloudLX."""

    numbers: list[CloudLXNumber]


@strawberry.type
class CallGearNumber:
    """A row of CallGear."""

    phone_number: str = strawberry.field(name="phone_number")
    category: str | None
    location_mnemonic: str | None = strawberry.field(name="location_mnemonic")
    location_name: str | None = strawberry.field(name="location_name")
    onetime_payment: float | None = strawberry.field(name="onetime_payment")
    monthly_charge: float | None = strawberry.field(name="monthly_charge")
    min_charge: float | None = strawberry.field(name="min_charge")


@strawberry.type
class CallGearResult:
    """The result of CallGear."""

    data: list[CallGearNumber]


@strawberry.type
class CallGearPage:
    """The answer of CallGear."""

    result: CallGearResult


@strawberry.type
class CheckedNumber:
    """A number that 8x8 knows."""

    msisdn: str
    country_code: str | None
    reference_id: str | None


@strawberry.type
class Check:
    """The check of 8x8."""

    payload: CheckedNumber


async def ask(info: Asked, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
    """What the upstream answers."""
    session: aiohttp.ClientSession = info.context["request"].app.state.session
    method = "GET" if body is None else "POST"
    async with session.request(method, UPSTREAM + path, json=body) as answer:
        return await answer.json()


@strawberry.type
class Query:
    """The root."""

    @strawberry.field
    async def eight_by_eight(self, info: Asked, pool: str) -> EightByEightPage:
        """The list of a subaccount."""
        said = await ask(info, f"/8x8/api/v1/subaccounts/{pool}/numbers")
        return EightByEightPage(numbers=[_eight_by_eight(row) for row in said["numbers"]])

    @strawberry.field
    async def webex(self, info: Asked, start: int, max: int) -> WebexPage:  # noqa: A002 - the provider's word
        """A page of the location."""
        place = "/webex/v1/telephony/config/locations/DAL/queues/availableNumbers"
        said = await ask(info, f"{place}?max={max}&start={start}")
        return WebexPage(phone_numbers=[_webex(row) for row in said["phoneNumbers"]])

    @strawberry.field
    async def cloudlx(self, info: Asked, page: int, size: int) -> CloudLXPage:
        """A page of the account."""
        said = await ask(info, f"/cloudlx/api/numbers?max_per_page={size}&page={page}")
        names = tuple(CloudLXNumber.__annotations__)
        return CloudLXPage(numbers=[CloudLXNumber(**{name: row[name] for name in names}) for row in said["numbers"]])

    @strawberry.field
    async def callgear(self, info: Asked, offset: int, limit: int) -> CallGearPage:
        """A window of the market."""
        params = {"access_token": "bench", "offset": offset, "limit": limit}
        said = await ask(info, "/callgear/v2.0", {"jsonrpc": "2.0", "id": METHOD, "method": METHOD, "params": params})
        return CallGearPage(result=CallGearResult(data=[CallGearNumber(**row) for row in said["result"]["data"]]))

    @strawberry.field
    async def check(self, info: Asked, pool: str, number: str) -> Check:
        """One number."""
        said = (await ask(info, f"/8x8/api/v1/subaccounts/{pool}/numbers/{number}"))["payload"]
        found = CheckedNumber(msisdn=said["msisdn"], country_code=said["countryCode"], reference_id=said["referenceId"])
        return Check(payload=found)


def _eight_by_eight(row: dict[str, Any]) -> EightByEightNumber:
    return EightByEightNumber(
        msisdn=row["msisdn"],
        country_code=row["countryCode"],
        operational_status=row["operationalStatus"],
        reference_id=row["referenceId"],
        rental_price=row["rentalPrice"],
        incoming_rate=row["incomingRate"],
        billing_unit=row["billingUnit"],
        billing_currency=row["billingCurrency"],
        number_health_check_enabled=row["numberHealthCheckEnabled"],
    )


def _webex(row: dict[str, Any]) -> WebexNumber:
    return WebexNumber(
        phone_number=row["phoneNumber"],
        state=row["state"],
        telephony_type=row["telephonyType"],
        is_main_number=row["isMainNumber"],
        toll_free_number=row["tollFreeNumber"],
        is_service_number=row["isServiceNumber"],
    )


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """One session for all requests."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        app.state.session = session
        yield


if __name__ == "__main__":
    served = Starlette(routes=[Route("/graphql", GraphQL(strawberry.Schema(Query)))], lifespan=lifespan)
    uvicorn.run(served, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning", access_log=False)
