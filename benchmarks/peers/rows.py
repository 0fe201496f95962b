"""What the four providers hold in the benchmark: plain rows in their own words, the same on every run."""

from random import Random
from typing import Any, TypeAlias
from uuid import UUID

Row: TypeAlias = dict[str, Any]

POOLS = 64
"""8x8 subaccounts: its list has no pages, so whoever asks for its first rows at the same time needs one of its own."""
IN_A_POOL = 50
IN_A_LIST = 10_000
"""Rows at each of the other three."""


def pool_name(index: int) -> str:
    """A subaccount, and the source that stands for it."""
    return f"pool_{index}"


def eight_by_eight(index: int) -> list[Row]:
    """The numbers of one subaccount."""
    random = Random(index)  # noqa: S311 - repeatable, not secret
    return [
        {
            "msisdn": f"+65{31_000_000 + index * 1000 + place}",
            "dateCreated": "2023-01-09T08:00:00.000Z",
            "dateUpdated": "2023-02-17T05:10:14.760Z",
            "countryCode": "SG",
            "operationalStatus": random.choice(("Active", "Active", "Expiring", "Inactive")),
            "referenceId": f"SG-Range-{random.randrange(1, 9)}",
            "rentalPrice": random.choice((1.5, 5.5, 7.25, 12.75)),
            "incomingRate": random.choice((0.0055, 0.02, 0.05)),
            "billingUnit": random.choice((1, 6, 60)),
            "billingCurrency": "USD",
            "numberType": "Local",
            "uri": f"/api/v1/subaccounts/{pool_name(index)}/numbers/65{31_000_000 + index * 1000 + place}",
            "numberHealthCheckEnabled": random.choice((True, False)),
            "numberHealth": None,
        }
        for place in range(IN_A_POOL)
    ]


def webex() -> list[Row]:
    """The numbers that a location has free."""
    random = Random(1)  # noqa: S311 - repeatable, not secret
    return [
        {
            "phoneNumber": f"+1214{2_000_000 + place * 7}",
            "state": random.choice(("ACTIVE", "ACTIVE", "INACTIVE")),
            "isMainNumber": place == 0,
            "telephonyType": "PSTN_NUMBER",
            "tollFreeNumber": random.randrange(10) == 0,
            "isServiceNumber": random.randrange(10) == 0,
        }
        for place in range(IN_A_LIST)
    ]


def cloudlx() -> list[Row]:
    """The numbers of an account."""
    random = Random(2)  # noqa: S311 - repeatable, not secret
    return [
        {
            "uuid": str(UUID(int=random.getrandbits(128), version=4)),
            "number_e164": f"+4420{70_000_000 + place * 11}",
            "number": f"{70_000_000 + place * 11}",
            "range_code": "20",
            "range_name": "London",
            "country_code": "44",
            "country_name": "United Kingdom",
            "country_iso": "UK",
            "monthly_charge": random.choice((0.3, 0.5, 1.25)),
            "setup_charge": random.choice((0.1, 2.5)),
            "status": random.choice(("Reserved", "Reserved", "Active", "Cancelled")),
            "details": {"status": "Reserved", "provisioned": "2018-11-12 14:21:48", "cancelled": ""},
            "provisioned": "2016-01-03 17:48:59",
        }
        for place in range(IN_A_LIST)
    ]


def callgear() -> list[Row]:
    """The market, in the order of the numbers."""
    random = Random(3)  # noqa: S311 - repeatable, not secret
    return [
        {
            "phone_number": f"7495{2_000_000 + place * 13}",
            "category": random.choice(("usual", "bronze", "silver", "gold")),
            "location_mnemonic": "msk",
            "location_name": "Москва",
            "onetime_payment": random.choice((100.5, 300.25)),
            "monthly_charge": random.choice((150.5, 990.75)),
            "min_charge": random.choice((0.5, 500.5)),
        }
        for place in range(IN_A_LIST)
    ]
