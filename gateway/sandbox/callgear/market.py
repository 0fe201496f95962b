"""The virtual numbers on offer at CallGear.

https://callgear.github.io/data_api/vn/get_available_virtual_numbers/: digits without a plus, charges without a currency.
"""

from random import Random

from gateway.sandbox.exchange import Row
from gateway.sandbox.numbering import AREAS, Area, area_of
from gateway.sandbox.stock import Stock, shared_with

EXAMPLE = "74993720692"
"""The number that the vendor's own examples use."""
INVALID = ("7123", "97140000", "12")
"""Numbers that no numbering plan knows."""
ROWS = 6000
SHARES = {
    "msk": 1500,
    "spb": 700,
    "ekb": 300,
    "toll_free_ru": 200,
    "almaty": 150,
    "dubai": 900,
    "abu_dhabi": 400,
    "sharjah": 200,
    "new_york": 500,
    "los_angeles": 300,
    "london": 500,
    "manchester": 200,
    "madrid": 100,
}
"""Numbers drawn from each location of a market of the usual size, before it is filled up from Moscow."""
WEIGHTS = {"usual": 800, "bronze": 100, "silver": 60, "gold": 30, "platinum": 9, "diamond": 1}
"""How often each category occurs; the page names the first four, a sibling method the fifth, none the sixth."""
CHARGES = {"usual": 4.5, "bronze": 12, "silver": 30, "gold": 95.25, "platinum": 400, "diamond": 1999.99}


def market(random: Random, size: int) -> Stock:
    """Return so many numbers on offer."""
    shared = [number.removeprefix("+") for number in shared_with("callgear")]
    known = [EXAMPLE, *shared, *INVALID]
    taken = {f"+{number}" for number in known}
    rows = _rows(random, "msk", [EXAMPLE])
    for number in [*shared, *INVALID]:
        area, _ = area_of(f"+{number}")
        rows += _rows(random, area.mnemonic, [number])
    for mnemonic, share in reversed(SHARES.items()):
        count = size - len(rows) if mnemonic == "msk" else share * size // ROWS
        rows += _rows(random, mnemonic, _digits(random, AREAS[mnemonic], count, taken))
    for row in rows[40:60]:
        row |= {"onetime_payment": None, "monthly_charge": None}
    for row in rows[60:70]:
        row |= {"location_name": None, "category": None}
    rows[70]["location_mnemonic"] = None
    random.shuffle(rows)
    return Stock(rows, key="phone_number", kept=frozenset(known), draw=_draw, alter=_alter)


def _digits(random: Random, area: Area, count: int, taken: set[str]) -> list[str]:
    prefix = area.e164("").removeprefix("+")
    return [prefix + local for local in area.locals(random, count, taken)]


def _rows(random: Random, mnemonic: str, numbers: list[str]) -> list[Row]:
    categories = random.choices(tuple(WEIGHTS), tuple(WEIGHTS.values()), k=len(numbers))
    payments = random.choices((0, 0, 10, 25.5), k=len(numbers))
    floors = random.choices((None, 0, 15), k=len(numbers))
    name = AREAS[mnemonic].name
    return [
        {
            "phone_number": number,
            "category": category,
            "location_mnemonic": mnemonic,
            "location_name": name,
            "onetime_payment": payment,
            "monthly_charge": CHARGES[category],
            "min_charge": floor,
        }
        for number, category, payment, floor in zip(numbers, categories, payments, floors, strict=True)
    ]


def _draw(random: Random) -> Row:
    mnemonic = random.choice(tuple(SHARES))
    return _rows(random, mnemonic, _digits(random, AREAS[mnemonic], 1, set()))[0]


def _alter(random: Random, row: Row) -> None:
    category = random.choice(tuple(WEIGHTS))
    row |= {"category": category, "monthly_charge": CHARGES[category]}
