"""What is asked, in the gateway's words and in the peers', and what the answers must hold."""

import json
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from benchmarks.peers import rows

PAGE = 50
MANY = 1000
WINDOWS = 192
"""Pages of 50 that are asked in turn: three for each connection, so that no two ask the same at once."""

Facts = list[tuple[object, ...]]
"""What an answer says, number by number; prices are decimals."""


class Question(NamedTuple):
    """One request. ``client`` is who asks the gateway; peers know no clients. ``facts`` is what must come back."""

    client: int
    ours: dict[str, Any]
    theirs: dict[str, Any] | None
    facts: Callable[[], Facts]


class Workload(NamedTuple):
    """Questions that are asked in turn; ``kept``: in the run where peers may keep what they heard."""

    name: str
    title: str
    kept: bool
    questions: Callable[["Cursors"], list[Question]]
    latency: int = 0
    peers: bool = True


Cursors = dict[str, list[str | None]]
"""The gateway's cursors of every page of 50 by place: webex, cloudlx, callgear, and merged for all of them."""

DETAILS = {
    "EIGHT_BY_EIGHT": "... on EightByEightDetails { operationalStatus referenceId rentalPrice incomingRate billingUnit billingCurrency numberHealthCheckEnabled }",
    "WEBEX": "... on WebexDetails { state telephonyType isMainNumber tollFreeNumber isServiceNumber }",
    "CLOUDLX": "... on CloudLXDetails { uuid number rangeCode rangeName countryName countryIso monthlyCharge setupCharge status }",
    "CALLGEAR": "... on CallGearDetails { category locationMnemonic locationName onetimePayment monthlyCharge minCharge }",
}
ACCOUNT = "complete pageInfo { hasNextPage endCursor } sources { status rowsRead upstreamCalls }"
ANEW = ', maxStaleness: "PT0S"'
THEIR_ROWS = {
    "EIGHT_BY_EIGHT": "{ numbers { msisdn countryCode operationalStatus referenceId rentalPrice incomingRate billingUnit billingCurrency numberHealthCheckEnabled } }",
    "WEBEX": "{ phoneNumbers { phoneNumber state telephonyType isMainNumber tollFreeNumber isServiceNumber } }",
    "CLOUDLX": "{ numbers { uuid number_e164 number range_code range_name country_name country_iso monthly_charge setup_charge status } }",
    "CALLGEAR": "{ result { data { phone_number category location_mnemonic location_name onetime_payment monthly_charge min_charge } } }",
}
RAW = {
    "EIGHT_BY_EIGHT": ("msisdn", "countryCode", "operationalStatus", "referenceId", "rentalPrice", "incomingRate", "billingUnit", "billingCurrency", "numberHealthCheckEnabled"),
    "WEBEX": ("phoneNumber", "state", "telephonyType", "isMainNumber", "tollFreeNumber", "isServiceNumber"),
    "CLOUDLX": ("number_e164", "uuid", "number", "range_code", "range_name", "country_name", "country_iso", "monthly_charge", "setup_charge", "status"),
    "CALLGEAR": ("phone_number", "category", "location_mnemonic", "location_name", "onetime_payment", "monthly_charge", "min_charge"),
}  # fmt: skip
"""The providers' own fields, the number first, in the order in which the gateway's fragment names them."""
PLACES = {"EIGHT_BY_EIGHT": "a", "WEBEX": "b", "CLOUDLX": "c", "CALLGEAR": "d"}


def _page(provider: str, after: str, more: str, first: int = PAGE) -> str:
    more += f", after: {after}" if after else ""
    country = "country " if provider == "EIGHT_BY_EIGHT" else ""
    return (
        f"{PLACES[provider]}: phoneNumbers(first: {first}, orderBy: {{field: SOURCE}}, filter: {{providers: [{provider}]}}{more})"
        f" {{ nodes {{ e164 {country}provider availability lifecycle details {{ {DETAILS[provider]} }} }} {ACCOUNT} }}"
    )


def fan_out(more: str) -> str:
    """The first operation in the gateway's words."""
    pages = [
        _page("EIGHT_BY_EIGHT", "", more),
        _page("WEBEX", "$b", more),
        _page("CLOUDLX", "$c", more),
        _page("CALLGEAR", "$d", more),
    ]
    return f"query FanOut($b: String, $c: String, $d: String) {{ {' '.join(pages)} }}"


THEIR_FAN_OUT = (
    "query FanOut($pool: String!, $offset: Int!, $page: Int!) {"
    f" a: eightByEight(pool: $pool) {THEIR_ROWS['EIGHT_BY_EIGHT']} b: webex(start: $offset, max: {PAGE}) {THEIR_ROWS['WEBEX']}"
    f" c: cloudlx(page: $page, size: {PAGE}) {THEIR_ROWS['CLOUDLX']} d: callgear(offset: $offset, limit: {PAGE}) {THEIR_ROWS['CALLGEAR']} }}"
)
ONE = (
    "query One($number: E164!, $pool: String!) { phoneNumber(e164: $number, sources: [$pool]"
    + ANEW
    + ") { records { e164 country provider details { ... on EightByEightDetails { referenceId } } } complete outcomes { result } } }"
)
THEIR_ONE = "query One($number: String!, $pool: String!) { check(pool: $pool, number: $number) { payload { msisdn countryCode referenceId } } }"
THEIR_MANY = f"query Many($offset: Int!) {{ d: callgear(offset: $offset, limit: {MANY}) {THEIR_ROWS['CALLGEAR']} }}"
MERGED = (
    f"query Merged($after: String) {{ m: phoneNumbers(first: {PAGE}, after: $after) {{ nodes {{ e164 provider availability lifecycle"
    f" details {{ {' '.join(DETAILS.values())} }} }} {ACCOUNT} }} }}"
)


@cache
def held(provider: str, pool: int = 0) -> list[rows.Row]:
    """What a provider holds."""
    made = {"WEBEX": rows.webex, "CLOUDLX": rows.cloudlx, "CALLGEAR": rows.callgear}
    return rows.eight_by_eight(pool) if provider == "EIGHT_BY_EIGHT" else made[provider]()


def raw_facts(provider: str, found: Sequence[rows.Row]) -> Facts:
    """A provider's own rows as facts."""
    return [tuple(_plain(row[name]) for name in RAW[provider]) for row in found]


def _plain(value: object) -> object:
    return Decimal(str(value)).normalize() if isinstance(value, float) else value


def fan_outs(cursors: Cursors, more: str) -> list[Question]:
    """A page of every provider, each question another; an 8x8 pool belongs to one client."""
    return [_fan_out(cursors, more, index) for index in range(WINDOWS)]


def _fan_out(cursors: Cursors, more: str, index: int) -> Question:
    pool, offset = index % rows.POOLS, index * PAGE

    def facts() -> Facts:
        found = raw_facts("EIGHT_BY_EIGHT", held("EIGHT_BY_EIGHT", pool))
        for provider in ("WEBEX", "CLOUDLX", "CALLGEAR"):
            found += raw_facts(provider, held(provider)[offset : offset + PAGE])
        return found

    after = {place: cursors[place][index] for place in ("b", "c", "d")}
    theirs = {"pool": rows.pool_name(pool), "offset": offset, "page": index + 1}
    return Question(
        pool, {"query": fan_out(more), "variables": after}, {"query": THEIR_FAN_OUT, "variables": theirs}, facts
    )


def ones(_: Cursors) -> list[Question]:
    """One number of each pool in turn."""
    return [_one(index % rows.POOLS, index // rows.POOLS) for index in range(rows.POOLS * 5)]


def _one(pool: int, place: int) -> Question:
    row = held("EIGHT_BY_EIGHT", pool)[place]
    ours = {"number": row["msisdn"], "pool": rows.pool_name(pool)}
    theirs = {"number": row["msisdn"][1:], "pool": rows.pool_name(pool)}
    fact = (row["msisdn"], row["countryCode"], row["referenceId"])
    return Question(pool, {"query": ONE, "variables": ours}, {"query": THEIR_ONE, "variables": theirs}, lambda: [fact])


def thousands(cursors: Cursors, more: str) -> list[Question]:
    """A thousand numbers of one provider, at places that differ."""
    return [_thousand(cursors, more, index) for index in range(rows.POOLS)]


def _thousand(cursors: Cursors, more: str, index: int) -> Question:
    document = f"query Many($d: String) {{ {_page('CALLGEAR', '$d', more, MANY)} }}"
    ours = {"query": document, "variables": {"d": cursors["d"][index]}}
    theirs = {"query": THEIR_MANY, "variables": {"offset": index * PAGE}}
    return Question(
        0,
        ours,
        theirs,
        lambda: raw_facts("CALLGEAR", held("CALLGEAR")[index * PAGE : index * PAGE + MANY]),
    )


def merged(cursors: Cursors) -> list[Question]:
    """Pages of the merged list, in the order of the numbers."""
    everything = [(provider, row) for provider in PLACES for row in held(provider)]
    everything.sort(key=lambda pair: number_of(*pair))
    return [_merged(everything, index, after) for index, after in enumerate(cursors["m"])]


def number_of(provider: str, row: rows.Row) -> str:
    """The number of a row, in E.164."""
    return "+" + str(row[RAW[provider][0]]).removeprefix("+")


def _merged(everything: list[tuple[str, rows.Row]], index: int, after: str | None) -> Question:
    def facts() -> Facts:
        page = everything[index * PAGE : (index + 1) * PAGE]
        return [fact for provider, row in page for fact in raw_facts(provider, [row])]

    return Question(0, {"query": MERGED, "variables": {"after": after}}, None, facts)


def our_facts(answer: dict[str, Any]) -> Facts:
    """What the gateway's answer says; one that is not complete says nothing."""
    found = answer["data"].values()
    nodes = [node for part in found if part["complete"] for node in part.get("nodes", part.get("records"))]
    return [tuple(_our_fact(node)) for node in nodes]


def _our_fact(node: dict[str, Any]) -> Iterator[object]:
    yield node["e164"][1:] if node["provider"] == "CALLGEAR" else node["e164"]
    if "country" in node:
        yield node["country"]
    for name, value in node["details"].items():
        yield Decimal(value).normalize() if value is not None and name.endswith(PRICES) else value


PRICES = ("Price", "Rate", "Charge", "Payment")


def their_facts(answer: dict[str, Any]) -> Facts:
    """What a peer's answer says, alias by alias in the order of the document."""
    found: Facts = []
    for place, part in answer["data"].items():
        if place == "check":
            found.append(tuple(part["payload"].values()))
        for provider in (name for name, alias in PLACES.items() if alias == place):
            listed = next(iter(part.get("result", part).values()))
            found += raw_facts(provider, listed)
    return found


def body_of(asked: dict[str, Any]) -> bytes:
    """The request as it is posted."""
    return json.dumps(asked, separators=(",", ":")).encode()


WORKLOADS = (
    Workload("W1", "50 numbers of each provider, nothing kept", False, lambda given: fan_outs(given, ANEW)),
    Workload("W3", "one number at one source, nothing kept", False, ones),
    Workload("W3L", "the same, 20 ms to the source", False, ones, latency=20),
    Workload("W4", "1,000 numbers of one provider, nothing kept", False, lambda given: thousands(given, ANEW)),
    Workload("W2", "50 numbers of each provider, warm", True, lambda given: fan_outs(given, "")[:1]),
    Workload("W4c", "1,000 numbers of one provider, warm", True, lambda given: thousands(given, "")[:1]),
    Workload("M", "the merged list, warm, a page of 50 at each of 100 cursors", True, merged, peers=False),
)
"""In the order in which they run: what keeps nothing first."""
