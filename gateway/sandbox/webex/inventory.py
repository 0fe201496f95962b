"""The unassigned numbers of two Webex locations.

https://developer.webex.com/docs/api/v1/features-call-queue/get-call-queue-primary-available-phone-numbers
"""

from random import Random

from gateway.sandbox.accounts import DALLAS, LONDON
from gateway.sandbox.exchange import Row
from gateway.sandbox.numbering import AREAS, Area
from gateway.sandbox.stock import Stock, shared_with

ROWS_IN_A_LOCATION = 400
EXAMPLES: tuple[Row, ...] = (
    {
        "phoneNumber": "+12056350001",
        "state": "ACTIVE",
        "isMainNumber": False,
        "telephonyType": "PSTN_NUMBER",
        "tollFreeNumber": False,
        "isServiceNumber": True,
    },
    {
        "phoneNumber": "+12056350002",
        "state": "ACTIVE",
        "isMainNumber": True,
        "telephonyType": "PSTN_NUMBER",
        "tollFreeNumber": False,
        "isServiceNumber": False,
    },
    {
        "phoneNumber": "+12056350003",
        "state": "INACTIVE",
        "isMainNumber": False,
        "telephonyType": "PSTN_NUMBER",
        "tollFreeNumber": True,
        "isServiceNumber": False,
    },
)
"""The three rows of the vendor's page; they are in Dallas."""
INVALID = {DALLAS: ("+12051112222", "+1214"), LONDON: ("+44200000", "+4412")}
"""Numbers that no numbering plan knows, by location."""
PLACES = {
    DALLAS: ("+1", "dallas", (("dallas", 5), ("dallas_suburbs", 3), ("birmingham_al", 1), ("toll_free_us", 1))),
    LONDON: ("+44", "london", (("london", 7), ("manchester", 2), ("freephone", 1))),
}
"""Prefix of the country, name, and weighted areas of each location."""
STATES = ("ACTIVE",) * 6 + ("INACTIVE",)
TOLL_FREE = frozenset({"toll_free_us", "freephone"})


def locations(random: Random, size: int) -> dict[str, Stock]:
    """Return so many numbers of each location."""
    return {location: _location(random, location, size) for location in PLACES}


def _location(random: Random, location: str, size: int) -> Stock:
    prefix, name, shares = PLACES[location]
    rows = [dict(row) for row in EXAMPLES] if location == DALLAS else []
    known = [number for number in shared_with("webex") if number.startswith(prefix)]
    known += INVALID[location]
    rows += [_row(random, AREAS[name], number) for number in known]
    kept = {str(row["phoneNumber"]) for row in rows}
    left = size - len(rows)
    weights = sum(weight for _, weight in shares)
    plain: list[Row] = []
    for mnemonic, weight in reversed(shares):
        area = AREAS[mnemonic]
        count = left - len(plain) if mnemonic == shares[0][0] else left * weight // weights
        plain += [_row(random, area, area.e164(local)) for local in area.locals(random, count, kept)]
    _oddities(plain, name)
    rows += plain
    random.shuffle(rows)
    areas = [AREAS[mnemonic] for mnemonic, _ in shares]

    def draw(random: Random) -> Row:
        area: Area = random.choice(areas)
        return _row(random, area, area.e164(area.locals(random, 1)[0]))

    return Stock(rows, key="phoneNumber", kept=kept, draw=draw, alter=_alter)


def _oddities(rows: list[Row], name: str) -> None:
    """Add what newer versions send and what no page lists: further keys, further words, a main number."""
    rows[0] |= {"extension": "8001", "location": {"id": DALLAS if name == "dallas" else LONDON, "name": name.title()}}
    rows[1] |= {"mobileNetwork": "mobileNetwork", "routingProfile": "attRtPf", "telephonyType": "MOBILE_NUMBER"}
    rows[2] |= {"state": "PENDING"}
    rows[3] |= {"owner": None}
    if name == "london":
        rows[4] |= {"isMainNumber": True}


def _row(random: Random, area: Area, number: str) -> Row:
    toll_free = area.mnemonic in TOLL_FREE
    return {
        "phoneNumber": number,
        "state": random.choice(STATES),
        "isMainNumber": False,
        "telephonyType": "PSTN_NUMBER",
        "tollFreeNumber": toll_free,
        "isServiceNumber": not toll_free and random.randrange(20) == 0,
    }


def _alter(random: Random, row: Row) -> None:
    row["state"] = random.choice(("ACTIVE", "INACTIVE"))
    row["isServiceNumber"] = random.choice((True, False))
