"""Numbering plans, as far as believable numbers need them: which areas exist and how their numbers begin."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from random import Random


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A block of numbers: `+{calling_code}{code}{local}`, where `local` has `digits` digits and starts with a lead."""

    country: str
    calling_code: str
    code: str
    digits: int
    leads: tuple[str, ...]
    name: str
    mnemonic: str

    def e164(self, local: str) -> str:
        """Return the whole number of a local part."""
        return f"+{self.calling_code}{self.code}{local}"

    def locals(self, random: Random, count: int, taken: Collection[str] = ()) -> list[str]:
        """Draw `count` different local parts, none of which makes one of the numbers in `taken`."""
        rest = self.digits - len(self.leads[0])
        span = 10**rest
        drawn = random.sample(range(span * len(self.leads)), count + len(taken))
        free = [
            local
            for index in drawn
            if self.e164(local := f"{self.leads[index // span]}{index % span:0{rest}d}") not in taken
        ]
        return free[:count]


_NANP = "2 3 4 6 7 8 9"
_GB = "2 3 4 5 6 7 8"

AREAS = {
    mnemonic: Area(
        country=country,
        calling_code=calling_code,
        code=code,
        digits=digits,
        leads=tuple(leads.split()),
        name=name,
        mnemonic=mnemonic,
    )
    for country, calling_code, code, digits, leads, name, mnemonic in (
        ("SG", "65", "", 8, "62 63 65 67 68", "Singapore", "singapore"),
        ("SG", "65", "", 8, "81 91 96 98", "Singapore Mobile", "singapore_mobile"),
        ("HK", "852", "", 8, "21 23 25 27 28", "Hong Kong", "hong_kong"),
        ("ID", "62", "21", 8, "2 3 5 7", "Jakarta", "jakarta"),
        ("PH", "63", "2", 8, "81 83 84 86 88", "Manila", "manila"),
        ("MY", "60", "3", 8, "20 21 22 80 83", "Kuala Lumpur", "kuala_lumpur"),
        ("TH", "66", "2", 7, "1 2 3 5 6 7", "Bangkok", "bangkok"),
        ("AU", "61", "2", 8, "80 81 82 92 93", "Sydney", "sydney"),
        ("US", "1", "214", 7, _NANP, "Dallas", "dallas"),
        ("US", "1", "972", 7, _NANP, "Dallas Suburbs", "dallas_suburbs"),
        ("US", "1", "205", 7, _NANP, "Birmingham AL", "birmingham_al"),
        ("US", "1", "212", 7, _NANP, "New York", "new_york"),
        ("US", "1", "213", 7, _NANP, "Los Angeles", "los_angeles"),
        ("US", "1", "415", 7, _NANP, "San Francisco", "san_francisco"),
        ("US", "1", "888", 7, _NANP, "US Toll Free", "toll_free_us"),
        ("GB", "44", "20", 8, "70 71 72 73 74 75 76 78 80 81 83 85 87 88", "London", "london"),
        ("GB", "44", "1245", 6, _GB, "Chelmsford", "chelmsford"),
        ("GB", "44", "161", 7, _GB, "Manchester", "manchester"),
        ("GB", "44", "121", 7, "2 3 4 5 6 7", "Birmingham", "birmingham"),
        ("GB", "44", "131", 7, _GB, "Edinburgh", "edinburgh"),
        ("GB", "44", "800", 7, "0 1 2 3 4 5 6 7 8 9", "Freephone", "freephone"),
        ("GB", "44", "7", 9, "400 401 402 403 480 481", "UK Mobile", "uk_mobile"),
        ("DE", "49", "30", 8, _GB, "Berlin", "berlin"),
        ("DE", "49", "89", 8, _GB, "Munich", "munich"),
        ("AE", "971", "4", 7, "2 3 4 5 6 7 8", "Dubai", "dubai"),
        ("AE", "971", "2", 7, "2 3 4 5 6 7 8", "Abu Dhabi", "abu_dhabi"),
        ("AE", "971", "6", 7, "2 3 4 5 6 7 8", "Sharjah", "sharjah"),
        ("RU", "7", "495", 7, _NANP, "Moscow", "msk"),
        ("RU", "7", "812", 7, _NANP, "Saint Petersburg", "spb"),
        ("RU", "7", "343", 7, "2 3", "Yekaterinburg", "ekb"),
        ("RU", "7", "800", 7, "1 2 3 4 5 6 7", "Russia 8-800", "toll_free_ru"),
        ("KZ", "7", "727", 7, "2 3", "Almaty", "almaty"),
        ("ES", "34", "91", 7, "1 2 3 4 5 6 7 8", "Madrid", "madrid"),
    )
}
"""Every area by its short name."""


def area_of(number: str) -> tuple[Area, str]:
    """Return the area of a number in E.164, and its local part.

    A number of no area is taken as a local part of its country, and one of no country as one of Singapore.
    """
    known = list(AREAS.values())
    prefixes = {"": known[0]}
    for area in known:
        prefixes.setdefault(f"+{area.calling_code}", replace(area, code=""))
    prefixes |= {area.e164(""): area for area in known}
    prefix = max((prefix for prefix in prefixes if number.startswith(prefix)), key=len)
    return prefixes[prefix], number.removeprefix(prefix)
