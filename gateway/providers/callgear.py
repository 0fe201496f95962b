"""CallGear Data API: numbers on the market, over JSON-RPC.

https://callgear.github.io/data_api/ (general rules), and there vn/get_available_virtual_numbers
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Meta, Raw, Struct
from msgspec.structs import replace
from pydantic import Field, SecretStr, model_validator

from gateway import errors
from gateway.numbers import model
from gateway.numbers.blocks import Block, Listing, Paging
from gateway.numbers.e164 import E164, from_digits
from gateway.numbers.filters import Filter, conjuncts, named
from gateway.providers import allowances, answers, rows
from gateway.providers.protocol import Allowance, Request, Response, SourceSettings, Token

METHOD, LOG_IN = "get.available_virtual_numbers", "login.user"
LOOK_UP = "look-up"  # the id of a call that asks for some numbers; of other calls it is the method
ROWS_AT_MOST, FURTHEST_OFFSET, NUMBERS_IN_A_FILTER = 10_000, 100_000, 500
HEADERS = (("accept", "application/json"), ("content-type", "application/json; charset=UTF-8"))
SESSION_SECONDS = 3600.0
NATIONAL = "RU"  # the one region whose accounts have been seen to write numbers as they are dialled at home
LOCAL_DIGITS = 10  # last digits that a number has in every way of writing it
SORT_REFUSALS = {"sort_prohibited"}
FILTER_REFUSALS = {"filter_prohibited", "invalid_parameter_value", "data_type_error", "unexpected_parameters"}
CATEGORIES = frozenset({"usual", "bronze", "silver", "gold", "platinum"})
REMEDIES: Mapping[str, tuple[type[errors.SourceError], str]] = {
    "access_token_expired": (errors.SourceAuthFailed, "the access token has expired"),
    "access_token_invalid": (errors.SourceAuthFailed, "the access token is not known"),
    "access_token_blocked": (errors.SourceAuthFailed, "the access token is blocked"),
    "auth_error": (errors.SourceAuthFailed, "the login or password is wrong"),
    "ip_not_whitelisted": (errors.SourceForbidden, "the gateway's address is not on the account's allow-list"),
    "forbidden": (errors.SourceForbidden, "the account lacks the right number_management: select"),
    "method_component_disabled": (errors.SourceForbidden, "the tariff lacks this method"),
    "parameter_component_disabled": (errors.SourceForbidden, "the tariff lacks a parameter"),
    "account_inactive": (errors.SourceForbidden, "the account is inactive"),
    "internal_error": (errors.SourceUnavailable, "it reports an internal error"),
    "limit_exceeded": (errors.SourceRateLimited, "its limit of calls is used up"),
}
"""Error mnemonics by remedy. Codes are not unique, mnemonics are (general rules, "Errors")."""


class CallGearDetails(model.Record, frozen=True):
    """What only CallGear says, in its own words."""

    category: Annotated[str, Meta(description="usual, bronze, silver or gold: how memorable the number is.")]
    location_mnemonic: Annotated[str | None, Meta(description="CallGear's key of the place.")] = None
    location_name: Annotated[str | None, Meta(description="The place's name in the account's language.")] = None
    onetime_payment: Annotated[Decimal | None, Meta(description="The connection cost, without a currency.")] = None
    monthly_charge: Annotated[Decimal | None, Meta(description="The monthly charge, without a currency.")] = None
    min_charge: Annotated[Decimal | None, Meta(description="The smallest monthly bill, without a currency.")] = None


class CallGearSettings(SourceSettings):
    """A CallGear account. Give ``access_token``, or ``login`` and ``password``."""

    provider: Literal["callgear"]
    base_url: str = "https://dataapi.callgear.com/v2.0"
    access_token: SecretStr | None = None
    login: str | None = None
    password: SecretStr | None = None
    user_id: int | None = Field(None, description="Only for an agent's credentials: the customer's user.")
    currency: str | None = Field(None, pattern="^[A-Z]{3}$", description="CallGear states none in its rows.")
    region: str | None = Field(None, pattern="^[A-Z]{2}$", description="RU where numbers are written nationally.")
    ttl: float = Field(600.0, ge=0, description="Seconds for which a list counts as fresh.")
    block_size: int | None = Field(None, gt=0, le=ROWS_AT_MOST)

    @model_validator(mode="after")
    def _some_credential(self) -> "CallGearSettings":
        if self.access_token is None and not (self.login and self.password):
            msg = "give access_token, or login and password"
            raise ValueError(msg)
        return self


class Row(Struct, gc=False):
    """One row of ``data``."""

    phone_number: str
    category: str | None = None
    location_mnemonic: str | None = None
    location_name: str | None = None
    onetime_payment: rows.Amount = rows.NO_AMOUNT
    monthly_charge: rows.Amount = rows.NO_AMOUNT
    min_charge: rows.Amount = rows.NO_AMOUNT


class Result(Struct):
    """A good answer."""

    data: Raw
    metadata: Any = None


class Envelope(Struct):
    """A JSON-RPC answer: exactly one of ``result`` and ``error``. ``id`` may be null in errors."""

    id: Any = None
    result: Raw = answers.NOTHING
    error: dict[str, Any] | None = None


class Session(Struct):
    """The answer of ``login.user``."""

    access_token: str


class LoggedIn(Struct):
    """A good answer of ``login.user``."""

    data: Session


class CallGear:
    """One CallGear account."""

    slug: ClassVar[str] = "callgear"
    provider: ClassVar[str] = "CALLGEAR"
    title: ClassVar[str] = "CallGear"
    version: ClassVar[int] = 1
    Settings: ClassVar[type[SourceSettings]] = CallGearSettings
    Details: ClassVar[type[model.Record]] = CallGearDetails
    availabilities: ClassVar[frozenset[model.Availability]] = frozenset({model.Availability.PURCHASABLE})

    def __init__(self, name: str, settings: CallGearSettings) -> None:
        self.name = name
        self.settings = settings
        size, self._national = settings.block_size or ROWS_AT_MOST, settings.region == NATIONAL
        self.paging = Paging(size=size, counted=True, sorts=not self._national, furthest=FURTHEST_OFFSET)
        self._currency = model.CurrencyCode(settings.currency) if settings.currency else None
        self._alikes = rows.Alikes(Row, {"phone_number"}, self._alike)
        self._e164 = _russian if self._national else from_digits

    def ask(self, block: Block, wanted: Filter) -> Request:
        """A window sorted by number, so that windows do not depend on an order that nobody promised."""
        return self.ask_sorted(block, wanted, descending=False)

    def ask_sorted(self, block: Block, wanted: Filter, *, descending: bool) -> Request:
        """``phone_number`` is a string there, and sorts as one (general rules, "Sorting")."""
        sort = [{"field": "phone_number", "order": "desc" if descending else "asc"}]
        params: dict[str, Any] = {"offset": block.start, "limit": block.size, "sort": sort}
        if (numbers := named(wanted)) and len(numbers) <= NUMBERS_IN_A_FILTER:
            params["filter"] = self._among(numbers)
        elif patterns := _patterns(wanted, national=self._national):
            params["filter"] = patterns
        return self._call(METHOD, params)

    def ask_many(self, e164s: Sequence[E164]) -> list[tuple[Request, Sequence[E164]]]:
        """One ``in`` filter for every 500 numbers."""
        chunks = [e164s[at : at + NUMBERS_IN_A_FILTER] for at in range(0, len(e164s), NUMBERS_IN_A_FILTER)]
        params = ({"offset": 0, "limit": ROWS_AT_MOST, "filter": self._among(chunk)} for chunk in chunks)
        return [(self._call(METHOD, asked, LOOK_UP), chunk) for asked, chunk in zip(params, chunks, strict=True)]

    def _call(self, method: str, params: dict[str, Any], call_id: str = "") -> Request:
        if self.settings.user_id is not None and method == METHOD:
            params = {"user_id": self.settings.user_id, **params}
        body = {"jsonrpc": "2.0", "id": call_id or method, "method": method, "params": params}
        return Request("POST", self.settings.base_url, HEADERS, msgspec.json.encode(body))

    def _among(self, numbers: Sequence[E164]) -> dict[str, Any]:
        """One of these numbers, in every way this account may write them."""
        bare = [number[1:] for number in numbers]
        written: list[str] = [*bare, *numbers]
        if self._national:
            written += [f"{trunk}{digits[1:]}" for digits in bare if digits[0] == "7" for trunk in ("8", "")]
        return _condition("in", written)

    def sign(self, request: Request, token: str | None) -> Request:
        """The token goes into the body."""
        body = msgspec.json.decode(request.body)
        body["params"] = {"access_token": answers.credential(token, self.settings.access_token), **body["params"]}
        return Request(request.method, request.url, request.headers, msgspec.json.encode(body))

    def read(self, response: Response) -> Listing:
        """The rows; ``total_items`` counts all that match."""
        result = self._result(response, Result, METHOD, LOOK_UP)
        total = answers.total(answers.within(result.metadata, "total_items"))
        return rows.listing(self, response, result.data, Row, self._number, total=total)

    def allowances(self, response: Response) -> list[Allowance]:
        """The points that are left."""
        return allowances.in_metadata(self.title, response.body)

    def _result(self, response: Response, kind: type[answers.T], *call_ids: str) -> answers.T:
        """The result, whatever the HTTP status: errors come as JSON-RPC bodies, mostly with 200."""
        refused = answers.refusal(self.title, response)
        try:
            envelope = answers.decoded(self.title, response.body, Envelope)
        except errors.SourceBadAnswer as error:
            raise refused or error from None
        if envelope.error is not None:
            raise _refusal(envelope.error, refused)
        if refused is not None:
            raise refused
        if envelope.result == answers.NOTHING or envelope.id not in call_ids:
            msg = "CallGear answered neither a result nor an error to this question."
            raise errors.SourceBadAnswer(msg)
        return answers.decoded(self.title, envelope.result, kind)

    def _number(self, row: Row, origin: model.Origin, drift: set[str]) -> model.Number:
        return replace(self._alikes.of(row, drift), e164=self._e164(row.phone_number), origin=origin)

    def _alike(self, row: Row, drift: set[str]) -> model.Number:
        if row.category not in CATEGORIES:
            drift.add("unknown word in category")
        monthly, setup, minimum = map(rows.amount, (row.monthly_charge, row.onetime_payment, row.min_charge))
        return model.Number(
            e164=rows.NO_NUMBER,
            origin=rows.NOBODY,
            availability=model.Availability.PURCHASABLE,
            lifecycle=model.Lifecycle.AVAILABLE,
            category=row.category or None,
            location=model.location(row.location_mnemonic or None, row.location_name or None),
            pricing=model.pricing(
                self._currency, model.Provenance.CONFIGURED, monthly=monthly, setup=setup, minimum_monthly=minimum
            ),
            details=CallGearDetails(
                category=row.category or "unknown",
                location_mnemonic=row.location_mnemonic or None,
                location_name=row.location_name or None,
                onetime_payment=setup,
                monthly_charge=monthly,
                min_charge=minimum,
            ),
        )

    def rephrase(self, request: Request, reason: str) -> Request | None:
        """``in`` as an or-tree, then no filter; no sort where it is prohibited. The gateway checks again anyway.

        A look-up keeps its filter: it asks once, and the first rows of the whole market would tell nothing.
        """
        body = msgspec.json.decode(request.body)
        params = body["params"]
        if reason in SORT_REFUSALS:
            params.pop("sort", None)
        elif reason in FILTER_REFUSALS and "filter" in params:
            values = params["filter"].get("value") if params["filter"].get("operator") == "in" else None
            params.pop("filter")
            if values:
                params["filter"] = {"filters": [_condition("=", value) for value in values], "condition": "or"}
            elif body["id"] == LOOK_UP:
                return None
        rephrased = Request(request.method, request.url, request.headers, msgspec.json.encode(body))
        return None if rephrased == request else rephrased

    @property
    def exchanges(self) -> bool:
        """A login and password are exchanged for a session; a key is used as it is."""
        return self.settings.access_token is None

    def log_in(self) -> Request:
        """``login.user``; a session lasts an hour."""
        password = self.settings.password
        assert password is not None
        return self._call(LOG_IN, {"login": self.settings.login, "password": password.get_secret_value()})

    def read_token(self, response: Response) -> Token:
        """The session's token."""
        return Token(self._result(response, LoggedIn, LOG_IN).data.access_token, SESSION_SECONDS)


def _russian(written: str) -> E164:
    """Digits without a plus, as everywhere; Russian accounts also meet an 8 for the country code, and ten digits."""
    e164 = from_digits(written)
    return e164 if "+" in written else E164(re.sub(r"^\+8?(?=[0-9]{10}$)", "+7", e164))


def _condition(operator: str, value: object) -> dict[str, Any]:
    return {"field": "phone_number", "operator": operator, "value": value}


def _patterns(wanted: Filter, *, national: bool) -> dict[str, Any] | None:
    """Patterns that must all hold; a plus may stand in front, so first digits are looked for; national ones end alike."""
    matches = [part.e164 for part in conjuncts(wanted) if part.e164 is not None]
    digits = [said for match in matches for said in (match.starts_with, match.contains) if said and not national]
    ends = [f"%{match.ends_with[-LOCAL_DIGITS:]}" for match in matches if match.ends_with]
    likes = [_condition("like", pattern) for pattern in (*ends, *(f"%{part}%" for part in digits))]
    return {"filters": likes, "condition": "and"} if likes[1:] else next(iter(likes), None)


def _refusal(error: dict[str, Any], refused: errors.SourceError | None) -> errors.SourceError:
    """The error that a mnemonic stands for, else the HTTP status; the provider's own sentence is never repeated."""
    said = answers.within(error, "data", "mnemonic")
    mnemonic = said if isinstance(said, str) and re.fullmatch("[a-z_]{1,64}", said) else "an unnamed error"
    if refused is not None and mnemonic not in REMEDIES.keys() | SORT_REFUSALS | FILTER_REFUSALS:
        return refused
    kind, why = REMEDIES.get(mnemonic, (errors.SourceMisconfigured, "it refused how it was asked"))
    limit = "day" if answers.within(error, "data", "params", "limit_type") == "day" else "minute"
    reset = answers.within(error, "data", "metadata", "limits", f"{limit}_reset")
    wait = answers.count(reset) if kind is errors.SourceRateLimited else None
    wait_ms = None if wait is None else min(wait * 1000, answers.LONGEST_WAIT_MS)
    return kind(f"CallGear answered {mnemonic}: {why}.", reason=mnemonic, retry_after_ms=wait_ms)
