"""The virtual numbers of two 8x8 subaccounts, as "Get My Virtual Numbers" writes them.

https://developer.8x8.com/connect/reference/get-my-virtual-numbers
"""

from datetime import UTC, datetime, timedelta
from random import Random

from gateway.sandbox.accounts import SUBACCOUNT, SUBACCOUNT_WITHOUT_LIST
from gateway.sandbox.exchange import Row
from gateway.sandbox.numbering import AREAS, Area, area_of
from gateway.sandbox.stock import Stock, shared_with

EXAMPLES = ("+65123456789", "+65987654321")
"""The two numbers of the vendor's event page; neither is valid in Singapore's plan."""
INVALID = ("+6512345678", "+12145", "+440000000000")
"""Further numbers that no numbering plan knows."""
SHARES = {
    "singapore": 70,
    "singapore_mobile": 25,
    "hong_kong": 35,
    "jakarta": 35,
    "manila": 25,
    "kuala_lumpur": 25,
    "bangkok": 20,
    "sydney": 25,
    "san_francisco": 15,
    "london": 10,
}
"""Weights of the areas of the first subaccount."""
ROWS = 302
STATUSES = ("Active",) * 16 + ("Expiring",) * 2 + ("Inactive",) * 2
HEALTH = ("Healthy",) * 8 + ("Degraded", "Unreachable")
OPTIONAL = (
    "dateCreated",
    "dateUpdated",
    "countryCode",
    "operationalStatus",
    "referenceId",
    "rentalPrice",
    "incomingRate",
    "billingUnit",
    "billingCurrency",
    "numberType",
    "uri",
    "numberHealthCheckEnabled",
    "numberHealth",
)
CURRENCIES = {"SG": "SGD", "GB": "GBP", "AU": "AUD"}
EPOCH = datetime(2023, 1, 1, tzinfo=UTC)


def stamp(moment: datetime) -> str:
    """Return a time in UTC as the vendor writes it: `2023-02-17T05:10:14.760Z`."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def pools(random: Random, size: int) -> dict[str, Stock]:
    """Return about so many numbers of the first subaccount, and those of the second."""
    rows = [_examples(index, number) for index, number in enumerate(EXAMPLES)]
    known = [*shared_with("8x8"), *INVALID]
    rows += [_row(random, SUBACCOUNT, area_of(number)[0].country, number) for number in known]
    left, shares = size - len(rows), sum(SHARES.values())
    for mnemonic, share in SHARES.items():
        area, count = AREAS[mnemonic], share * left // shares
        rows += [
            _row(random, SUBACCOUNT, area.country, area.e164(local)) for local in area.locals(random, count, known)
        ]
    rest = rows[len(EXAMPLES) + len(known) :]
    for row, name in zip(rest[1::5], OPTIONAL, strict=False):
        del row[name]
    rest[0] |= {"operationalStatus": "Suspended", "numberType": "SharedCost"}
    random.shuffle(rows)
    second = [
        _row(random, SUBACCOUNT_WITHOUT_LIST, area.country, area.e164(local))
        for area in (AREAS["singapore"], AREAS["hong_kong"])
        for local in area.locals(random, 10)
    ]
    return {
        SUBACCOUNT: _stock(rows, SUBACCOUNT, {*EXAMPLES, *known}),
        SUBACCOUNT_WITHOUT_LIST: _stock(second, SUBACCOUNT_WITHOUT_LIST, set()),
    }


def _stock(rows: list[Row], subaccount: str, kept: set[str]) -> Stock:
    areas = [AREAS[mnemonic] for mnemonic in SHARES]

    def draw(random: Random) -> Row:
        area: Area = random.choice(areas)
        return _row(random, subaccount, area.country, area.e164(area.locals(random, 1)[0]))

    return Stock(rows, key="msisdn", kept=kept, draw=draw, alter=alter)


def alter(random: Random, row: Row) -> None:
    """Change the status and the price of a number."""
    row["operationalStatus"] = random.choice(STATUSES)
    row["rentalPrice"] = random.randrange(10, 200) / 10


def _examples(index: int, number: str) -> Row:
    updated = ("2023-02-17T05:10:14.760Z", "2023-04-11T09:34:18.780Z")[index]
    checked = index == 1
    return {
        "msisdn": number,
        "dateCreated": "2023-01-09T08:00:00.000Z",
        "dateUpdated": updated,
        "countryCode": "SG",
        "operationalStatus": "Active",
        "referenceId": f"MyVirtualNumber-{index + 1}",
        "rentalPrice": 5.0,
        "incomingRate": 0.05,
        "billingUnit": (1, 60)[index],
        "billingCurrency": "USD",
        "numberType": "Local",
        "uri": _uri(SUBACCOUNT, number),
        "numberHealthCheckEnabled": checked,
        "numberHealth": {"isHealthy": True, "status": "Healthy", "lastCheckedTime": updated} if checked else None,
    }


def _row(random: Random, subaccount: str, country: str, number: str) -> Row:
    created = EPOCH + timedelta(minutes=random.randrange(500_000))
    updated = created + timedelta(milliseconds=random.randrange(60_000_000_000))
    checked = random.choice((True, True, False))
    return {
        "msisdn": number,
        "dateCreated": stamp(created),
        "dateUpdated": stamp(updated),
        "countryCode": country,
        "operationalStatus": random.choice(STATUSES),
        "referenceId": f"{country}-Range-{random.randrange(1, 9)}",
        "rentalPrice": random.choice((1.5, 5.0, 7.25, 12)),
        "incomingRate": random.choice((0, 0.0055, 0.02, 0.05)),
        "billingUnit": random.choice((1, 6, 60)),
        "billingCurrency": CURRENCIES.get(country, "USD"),
        "numberType": random.choice(("Local", "Local", "Mobile", "TollFree")),
        "uri": _uri(subaccount, number),
        "numberHealthCheckEnabled": checked,
        "numberHealth": _health(random, updated) if checked else None,
    }


def _health(random: Random, updated: datetime) -> Row:
    status = random.choice(HEALTH)
    checked = updated + timedelta(seconds=random.randrange(86_400))
    return {"isHealthy": status == "Healthy", "status": status, "lastCheckedTime": stamp(checked)}


def _uri(subaccount: str, number: str) -> str:
    return f"/api/v1/subaccounts/{subaccount}/numbers/{number.removeprefix('+')}"
