"""What can be turned at each provider: types, bounds, defaults and meanings, in one place.

| at | knobs |
|---|---|
| every provider | `latency` `hang` `fault` `fault_share` `fault_next` `fault_on` `retry_after` `drip_interval` `huge_bytes` `churn` `calls_per_minute` |
| the three that page | `page_cap` `short_pages` `repeat_last_page` `repeat_page` `ignore_limit` `ignore_filter` |
| 8x8 | `total_off_by` `enforce_documented_pattern` |
| Webex | `refuse_unknown_parameters` `link` `timeout_above` `location_forbidden` `token_lifetime` `expire_tokens` |
| CloudLX | `strict_accept` `refuse_unknown_parameters` `clamp_page_size` `default_page_size` `search_in` `search_loses_zeros` `total_off_by` `total_is_page_count` `paginates_lies` `bad_client_status` `token_lifetime` `expire_tokens` |
| CallGear | `ignore_sort` `category_order` `sort_by_min_charge` `in_allowed` `total_off_by` `total_is_page_count` `phone_format` `limits` `mnemonic` `token_lifetime` `expire_tokens` |

`fault` takes a name out of `faults.FAULTS`; `GET /control` lists all of this with meanings and present values.
"""

from typing import Annotated, Literal, get_type_hints

import msgspec
from msgspec import Meta, Struct, field

Seconds = Annotated[float, Meta(ge=0)]
Count = Annotated[int, Meta(ge=0)]
Size = Annotated[int, Meta(ge=1)]


class Knobs(Struct, kw_only=True):
    """What every provider has."""

    latency: Annotated[Seconds, Meta(description="Seconds before every answer, of token endpoints too.")] = 0.0
    hang: Annotated[bool, Meta(description="Never answer; the call ends when the client leaves.")] = False
    fault: Annotated[str | None, Meta(description="Name of the failure shown, one of `faults`; null for none.")] = None
    fault_share: Annotated[float, Meta(ge=0, le=1, description="Share of the calls that fail.")] = 1.0
    fault_next: Annotated[Count | None, Meta(description="How many more calls fail; null for no end.")] = None
    fault_on: Annotated[
        Literal["list", "lookup", "token", "any"], Meta(description="Which calls may fail, by their purpose.")
    ] = "any"
    retry_after: Annotated[Seconds, Meta(description="Seconds that a Retry-After header asks for.")] = 1.0
    drip_interval: Annotated[Seconds, Meta(description="Seconds between two bytes of a dripping answer.")] = 0.05
    huge_bytes: Annotated[Size, Meta(description="Bytes of a huge body, and of a gzip bomb unpacked.")] = 67_108_864
    churn: Annotated[
        Count, Meta(description="Random inserts, deletes, renumberings and updates before every read.")
    ] = 0
    calls_per_minute: Annotated[
        Size | None, Meta(description="Calls answered in a minute; further ones get 429 with Retry-After.")
    ] = None


class PagingKnobs(Knobs, kw_only=True):
    """What a provider that pages has besides: the lies its pages tell."""

    page_cap: Annotated[Size | None, Meta(description="Silently clamps the page size asked for.")] = None
    short_pages: Annotated[Count, Meta(description="Rows that every page but the last lacks at its end.")] = 0
    repeat_last_page: Annotated[bool, Meta(description="Past the end, answer the last page again.")] = False
    repeat_page: Annotated[bool, Meta(description="Answer the first page whatever place is asked for.")] = False
    ignore_limit: Annotated[bool, Meta(description="Answer all rows from the place asked for.")] = False
    ignore_filter: Annotated[bool, Meta(description="Answer as if no filter had been sent.")] = False


class EightByEightKnobs(Knobs, kw_only=True):
    """8x8: no paging, no tokens."""

    total_off_by: Annotated[int, Meta(description="Added to `totalNumbers`.")] = 0
    enforce_documented_pattern: Annotated[
        bool, Meta(description="Refuse a number that is not 7 to 10 digits, as the page literally says.")
    ] = False


class WebexKnobs(PagingKnobs, kw_only=True):
    """Webex: no total, a `Link` header that has been wrong in production."""

    page_cap: Annotated[Size | None, Meta(description="Silently clamps `max`.")] = 2000
    refuse_unknown_parameters: Annotated[bool, Meta(description="Answer 400 to an unknown query parameter.")] = True
    link: Annotated[
        Literal["good", "absent", "https_https", "max_null", "other_host", "repeating"],
        Meta(description="Form of the `Link` header that names the next page."),
    ] = "good"
    timeout_above: Annotated[Size | None, Meta(description="Answer 504 when `max` is above this.")] = None
    location_forbidden: Annotated[
        str | None, Meta(description="Answer 403 for this location: `dallas`, `london` or an id.")
    ] = None
    token_lifetime: Annotated[Seconds, Meta(description="Seconds that a new access token lives.")] = 1_209_600.0
    expire_tokens: Annotated[bool, Meta(description="End all issued access tokens now; turns itself off.")] = False


class CloudLXKnobs(PagingKnobs, kw_only=True):
    """CloudLX: pages by number, an ambiguous total, a token of one hour."""

    strict_accept: Annotated[bool, Meta(description="Answer 400 unless Accept names the vendor's media type.")] = True
    refuse_unknown_parameters: Annotated[bool, Meta(description="Answer 422 to an unknown query parameter.")] = True
    clamp_page_size: Annotated[bool, Meta(description="Clamp `max_per_page` above 200 instead of answering 422.")] = (
        False
    )
    default_page_size: Annotated[Size, Meta(description="Page size when `max_per_page` is not sent.")] = 50
    search_in: Annotated[
        Literal["e164", "local"], Meta(description="Which number `search` looks at: the whole one or the local part.")
    ] = "e164"
    search_loses_zeros: Annotated[bool, Meta(description="`search` is read as a number: leading zeros are lost.")] = (
        False
    )
    total_off_by: Annotated[int, Meta(description="Added to `num_results`.")] = 0
    total_is_page_count: Annotated[bool, Meta(description="`num_results` counts this page alone.")] = False
    paginates_lies: Annotated[bool, Meta(description="`paginates` says the opposite.")] = False
    bad_client_status: Annotated[
        Literal[401, 500], Meta(description="HTTP status for wrong client credentials; installations differ.")
    ] = 401
    token_lifetime: Annotated[Seconds, Meta(description="Seconds that a new access token lives.")] = 3600.0
    expire_tokens: Annotated[bool, Meta(description="End all issued access tokens now; turns itself off.")] = False


class Limits(Struct, kw_only=True, forbid_unknown_fields=True):
    """Points an account may spend; each successful call costs one."""

    day_limit: Count = 750_000
    minute_limit: Count = 15_000


class CallGearKnobs(PagingKnobs, kw_only=True):
    """CallGear: JSON-RPC, points, filters and sorts."""

    ignore_sort: Annotated[bool, Meta(description="Answer in the usual order whatever sort is asked for.")] = False
    category_order: Annotated[
        Literal["alphabet", "rank"], Meta(description="Whether categories sort as words or by their worth.")
    ] = "alphabet"
    sort_by_min_charge: Annotated[
        bool, Meta(description="Allow the sort by `min_charge`, on which the vendor's pages disagree.")
    ] = False
    in_allowed: Annotated[bool, Meta(description="Allow the filter operator `in`.")] = True
    total_off_by: Annotated[int, Meta(description="Added to `total_items`.")] = 0
    total_is_page_count: Annotated[bool, Meta(description="`total_items` counts this page alone.")] = False
    phone_format: Annotated[
        Literal["7", "8", "+", "national"],
        Meta(description="How numbers are written: 7495…, 8495… (Russian ones), +7495…, or 495… (Russian ones)."),
    ] = "7"
    limits: Annotated[Limits | None, Meta(description="Points a day and a minute; null for no limits.")] = field(
        default_factory=Limits
    )
    mnemonic: Annotated[str, Meta(description="Which error the fault `rpc_error` answers.")] = "access_token_invalid"
    token_lifetime: Annotated[Seconds, Meta(description="Seconds that a session of `login.user` lives.")] = 3600.0
    expire_tokens: Annotated[bool, Meta(description="End all sessions now; turns itself off.")] = False


class KnobRefused(ValueError):
    """A knob does not exist or does not take that value; the message names it."""


def turn(knobs: Knobs, changes: dict[str, object]) -> None:
    """Set several knobs, or none of them when one is refused."""
    hints = get_type_hints(type(knobs), include_extras=True)
    checked: dict[str, object] = {}
    for name, value in changes.items():
        if name not in hints:
            message = f"{name}: there is no such knob; there are {', '.join(hints)}"
            raise KnobRefused(message)
        try:
            checked[name] = msgspec.convert(value, hints[name])
        except msgspec.ValidationError as error:
            message = f"{name}: {error}"
            raise KnobRefused(message) from error
    for name, value in checked.items():
        setattr(knobs, name, value)


def describe(knobs: Knobs) -> dict[str, dict[str, object]]:
    """Return `{knob: {"meaning", "value"}}`."""
    hints = get_type_hints(type(knobs), include_extras=True)
    return {
        name: {"meaning": _meaning(hints[name]), "value": value} for name, value in msgspec.to_builtins(knobs).items()
    }


def _meaning(hint: object) -> str:
    metas: tuple[Meta, ...] = getattr(hint, "__metadata__", ())
    return next(meta.description for meta in metas if meta.description)
