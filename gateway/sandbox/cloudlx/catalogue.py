"""The numbers reserved to a CloudLX account, with the loose types of a PHP service.

https://cloudlx.epsilontel.com/api-documentation/numbers/list
"""

from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from gateway.sandbox.exchange import Row
from gateway.sandbox.numbering import AREAS, Area, area_of
from gateway.sandbox.stock import Stock, shared_with

EXAMPLE: Row = {
    "uuid": "7c327e0f-6bce-4b2f-9d5d-9c86e7fa065f",
    "number_e164": "+441245123456",
    "number": "123456",
    "range_code": "1245",
    "range_name": "Chelmsford",
    "country_code": "44",
    "country_name": "United Kingdom",
    "country_iso": "UK",
    "monthly_charge": 0.3,
    "setup_charge": 0,
    "status": "Reserved",
    "details": {
        "status": "Reserved",
        "provisioned": "2018-11-12 14:21:48",
        "cancelled": "",
        "number_address": {
            "id": 1,
            "name": "Main office",
            "useForProofOfAddress": True,
            "useForEmergencyAddress": False,
            "addressLine1": "7800 Alexander Road",
            "addressLine2": "",
            "addressCity": "London",
            "addressRegion": "London",
            "addressPostalCode": "NW2 1AA",
            "addressCountry": {"name": "United Kingdom", "iso": "GB"},
        },
        "emergency_number_address": {
            "id": 2,
            "name": "Other Main office",
            "useForProofOfAddress": False,
            "useForEmergencyAddress": True,
            "addressLine1": "7801 Alexander Road",
            "addressLine2": "",
            "addressCity": "London",
            "addressRegion": "London",
            "addressPostalCode": "NW2 1AA",
            "addressCountry": {"name": "United Kingdom", "iso": "GB"},
        },
    },
    "provisioned": "2016-01-03 17:48:59",
}
"""The one row of the vendor's page."""
INVALID = ("+44124512", "+4420123", "+15551")
"""Numbers that no numbering plan knows."""
SHARES = {
    "london": 300,
    "chelmsford": 150,
    "manchester": 150,
    "birmingham": 100,
    "edinburgh": 60,
    "freephone": 60,
    "uk_mobile": 60,
    "new_york": 100,
    "birmingham_al": 40,
    "singapore": 90,
    "berlin": 50,
    "munich": 40,
}
"""Numbers drawn from each area of an account of the usual size, before it is filled up from London."""
ROWS = 1200
COUNTRIES = {
    "GB": ("UK", "United Kingdom"),
    "US": ("US", "United States"),
    "SG": ("SG", "Singapore"),
    "DE": ("DE", "Germany"),
}
"""The vendor's own code and name of each country: it writes UK for GB."""
CHARGES: tuple[object, ...] = (0.3, 0.3, 0.5, 1, "0.30", "1.50", "12", "", None, 2.125)
STATUSES = ("Reserved",) * 14 + ("Active",) * 3 + ("Available", "Cancelled", "Cancelled")
FORMS = ("empty", *("nothing",) * 9, *("proof",) * 4, *("proof and emergency",) * 3)
"""Which addresses the details of a number have."""
OPTIONAL = (
    "number",
    "range_code",
    "range_name",
    "country_code",
    "country_name",
    "country_iso",
    "monthly_charge",
    "setup_charge",
    "status",
    "details",
    "provisioned",
    "number_e164",
)
EPOCH = datetime(2015, 1, 1, tzinfo=UTC)


def catalogue(random: Random, size: int) -> Stock:
    """Return so many numbers of the account."""
    known = [*shared_with("cloudlx"), *INVALID]
    taken = {*known, str(EXAMPLE["number_e164"])}
    rows = [EXAMPLE, *(_row(random, *area_of(number)) for number in known)]
    plain: list[Row] = []
    for mnemonic, share in reversed(SHARES.items()):
        count = size - len(rows) - len(plain) if mnemonic == "london" else share * size // ROWS
        area = AREAS[mnemonic]
        plain += [_row(random, area, local) for local in area.locals(random, count, taken)]
    _oddities(plain)
    rows += plain
    random.shuffle(rows)
    return Stock(rows, key="number_e164", kept=taken, draw=_draw, alter=_alter)


def _draw(random: Random) -> Row:
    area = AREAS[random.choice(tuple(SHARES))]
    return _row(random, area, area.locals(random, 1)[0])


def _alter(random: Random, row: Row) -> None:
    row["status"] = random.choice(STATUSES)
    row["monthly_charge"] = random.choice(CHARGES)


def _oddities(rows: list[Row]) -> None:
    """Leave out every optional field somewhere, and use words and forms that the page does not show."""
    for row, name in zip(rows[1::7], OPTIONAL, strict=False):
        del row[name]
    rows[0] |= {"status": "Porting", "details": []}
    rows[2] |= {"status": "active", "country_iso": "UK ", "provisioned": ""}
    rows[3] |= {"range_name": "TOLL FREE", "number_address": _address(90), "details": {"status": "Reserved"}}


def _row(random: Random, area: Area, local: str) -> Row:
    iso, name = COUNTRIES[area.country]
    status = random.choice(STATUSES)
    provisioned = EPOCH + timedelta(seconds=random.randrange(300_000_000))
    row: Row = {
        "uuid": str(UUID(int=random.getrandbits(128), version=4)),
        "number_e164": area.e164(local),
        "number": local,
        "range_code": area.code,
        "range_name": area.name,
        "country_code": area.calling_code,
        "country_name": name,
        "country_iso": iso,
        "monthly_charge": random.choice(CHARGES),
        "setup_charge": random.choice((0, 0, 5, "0", "2.50", "")),
        "status": status,
        "details": _details(random, status, provisioned),
        "provisioned": f"{provisioned:%Y-%m-%d %H:%M:%S}",
    }
    if status == "Cancelled":
        row["cancelled"] = f"{provisioned + timedelta(days=400):%Y-%m-%d %H:%M:%S}"
    return row


def _details(random: Random, status: str, provisioned: datetime) -> object:
    """Return the nested object: full, half empty, or the `[]` that PHP makes of an empty object."""
    form = random.choice(FORMS)
    if form == "empty":
        return []
    details: Row = {"status": status, "provisioned": f"{provisioned:%Y-%m-%d %H:%M:%S}", "cancelled": ""}
    details["number_address"] = _address(random.randrange(3, 40)) if "proof" in form else random.choice((None, []))
    details["emergency_number_address"] = (
        _address(random.randrange(40, 80), emergency=True) if "emergency" in form else None
    )
    return details


def _address(number: int, *, emergency: bool = False) -> Row:
    return {
        "id": number,
        "name": f"Office {number}",
        "useForProofOfAddress": not emergency,
        "useForEmergencyAddress": emergency,
        "addressLine1": f"{number} Example Street",
        "addressLine2": "",
        "addressCity": "London",
        "addressRegion": "London",
        "addressPostalCode": f"E{number % 9 + 1} 1AA",
        "addressCountry": {"name": "United Kingdom", "iso": "GB"},
    }
