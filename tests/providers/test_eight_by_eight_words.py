"""8x8's words: statuses, types and health, as the list, the event and the check say them."""

import msgspec
import pytest

from gateway.numbers.e164 import E164, NumberType
from gateway.numbers.model import HealthState, Lifecycle, Number, Observation
from gateway.providers.eight_by_eight import EightByEightDetails
from tests.providers.build import NOW, ROWS, Json, eight_by_eight, listed, response

SOURCE = eight_by_eight()


def heard(via: Observation, **row: Json) -> Number:
    """One number with these fields, as the list, the event or the check tells it."""
    full = ROWS["8x8"] | row
    if via is Observation.LIST:
        return listed(SOURCE, row).rows[0]
    if via is Observation.CHECK:
        found = SOURCE.read_one(E164(full["msisdn"]), response({"payload": full}))
        assert found is not None
        return found
    payload = {"subAccountId": "MySubAccount", "virtualNumbers": [full]}
    said = {"namespace": "VOICE", "eventType": "VIRTUAL_NUMBER_UPDATE", "payload": payload}
    return SOURCE.receive(msgspec.json.encode(said), NOW).numbers[0]


@pytest.mark.parametrize(
    ("word", "lifecycle", "usable", "reason"),
    [
        ("Active", Lifecycle.ACTIVE, True, "ready for new sessions"),
        ("Unhealthy", Lifecycle.ACTIVE, False, "alive, but not for new sessions"),
        ("Expiring", Lifecycle.EXPIRING, False, "soon gone"),
        ("Inactive", Lifecycle.INACTIVE, False, "gone"),
        ("ACTIVE", Lifecycle.ACTIVE, True, "upper and lower case are alike"),
        ("Ported", Lifecycle.UNKNOWN, False, "an unknown word is no promise"),
        ("", Lifecycle.UNKNOWN, None, "empty is null"),
        (None, Lifecycle.UNKNOWN, None, "null says nothing"),
    ],
)
@pytest.mark.parametrize("via", [Observation.LIST, Observation.WEBHOOK])
def test_status(via: Observation, word: str | None, lifecycle: Lifecycle, usable: bool | None, reason: str) -> None:
    """Each status word becomes lifecycle and usability; the raw word stands beside them."""
    number = heard(via, operationalStatus=word)
    assert (number.lifecycle, number.usable_for_new_sessions) == (lifecycle, usable), reason
    assert number.raw_status == (word or None)
    assert isinstance(number.details, EightByEightDetails)
    assert number.details.operational_status == (word or None)


@pytest.mark.parametrize(
    ("word", "drift"),
    [("Ported", ("unknown word in operationalStatus",)), ("Active", ()), ("", ()), (None, ())],
)
def test_an_unknown_status_is_noted(word: str | None, drift: tuple[str, ...]) -> None:
    """An unknown word is drift; a missing one is not."""
    assert listed(SOURCE, {"operationalStatus": word}).drift == drift


@pytest.mark.parametrize(
    ("word", "said", "drift"),
    [
        ("GEOGRAPHIC", NumberType.GEOGRAPHIC, ()),
        ("GEO", NumberType.GEOGRAPHIC, ()),
        ("LOCAL", NumberType.GEOGRAPHIC, ()),
        ("Mobile", NumberType.MOBILE, ()),
        ("TOLL_FREE", NumberType.TOLL_FREE, ()),
        ("TOLL FREE", NumberType.TOLL_FREE, ()),
        ("TollFree", NumberType.TOLL_FREE, ()),
        ("PREMIUM", NumberType.PREMIUM, ()),
        ("VIRTUAL", None, ("unknown word in numberType",)),
        (None, None, ()),
    ],
)
def test_type(word: str | None, said: NumberType | None, drift: tuple[str, ...]) -> None:
    """Known words are the provider's type; with any other the numbering plan's stands in."""
    listing = listed(SOURCE, {"numberType": word})
    assert (listing.rows[0].said_type, listing.drift) == (said, drift)
    assert listing.rows[0].number_type is (said or NumberType.MOBILE)


HEALTHY = {"isHealthy": True, "status": "ok", "lastCheckedTime": "2026-11-21T08:59:00Z"}


@pytest.mark.parametrize(
    ("via", "row", "state", "reason"),
    [
        (Observation.WEBHOOK, {"operationalStatus": "Unhealthy"}, HealthState.UNHEALTHY, "folded into the status"),
        (Observation.WEBHOOK, {"numberHealthCheckEnabled": True}, HealthState.HEALTHY, "active and being checked"),
        (Observation.WEBHOOK, {"numberHealthCheckEnabled": False}, HealthState.UNKNOWN, "active and not being checked"),
        (Observation.WEBHOOK, {}, HealthState.UNKNOWN, "active, nobody says whether it is checked"),
        (
            Observation.WEBHOOK,
            {"operationalStatus": "Expiring", "numberHealthCheckEnabled": True},
            HealthState.UNKNOWN,
            "only an active number's status tells that it is well",
        ),
        (Observation.LIST, {"numberHealth": HEALTHY}, HealthState.HEALTHY, "the list has its own object"),
        (Observation.LIST, {"numberHealth": {"isHealthy": False}}, HealthState.UNHEALTHY, "without a time"),
        (Observation.LIST, {"numberHealth": {"isHealthy": "false"}}, HealthState.UNHEALTHY, "a flag as text"),
        (Observation.LIST, {"numberHealth": {}}, HealthState.UNKNOWN, "an empty object"),
        (Observation.LIST, {"numberHealth": []}, HealthState.UNKNOWN, "an empty array"),
        (Observation.LIST, {"numberHealth": None}, HealthState.UNKNOWN, "null"),
        (Observation.LIST, {"numberHealth": {"isHealthy": None}}, HealthState.UNKNOWN, "nothing said"),
        (
            Observation.LIST,
            {"numberHealthCheckEnabled": True, "updatedTimestamp": "2026-11-21T08:00:00Z"},
            HealthState.UNKNOWN,
            "in a list an active status says nothing of health",
        ),
        (Observation.LIST, {"operationalStatus": "Unhealthy"}, HealthState.UNHEALTHY, "the word says it anywhere"),
        (Observation.CHECK, {"numberHealthCheckEnabled": True}, HealthState.UNKNOWN, "a check says nothing of health"),
    ],
)
def test_health(via: Observation, row: Json, state: HealthState, reason: str) -> None:
    """From the list's object, else from the event's status; unknown otherwise.

    Trap: health stands in the status of an event and in an object of its own in the list.
    """
    assert heard(via, **row).health.state is state, reason


@pytest.mark.parametrize(
    "health", ["ok", 5, ["ok"], {"isHealthy": "perhaps"}, {"isHealthy": True, "lastCheckedTime": {"at": 1}}]
)
def test_unreadable_health_is_noted_and_loses_no_number(health: Json) -> None:
    """Health is an opaque extra: where it cannot be read the number still stands."""
    listing = listed(SOURCE, {"numberHealth": health})
    assert (listing.rows[0].health.state, listing.drift) == (HealthState.UNKNOWN, ("unreadable numberHealth",))


def test_a_health_time_of_another_type_is_forgiven() -> None:
    """A time that is no text is no time; the flag beside it stands."""
    number = heard(Observation.LIST, numberHealth={"isHealthy": True, "lastCheckedTime": 1763715540})
    assert (number.health.state, number.health.checked_at) == (HealthState.HEALTHY, None)


@pytest.mark.parametrize(
    ("word", "currency"),
    [("USD", "USD"), ("usd", "USD"), (" SGD ", "SGD"), ("US Dollar", None), ("$", None), ("", None), (None, None)],
)
def test_currency(word: str | None, currency: str | None) -> None:
    """The provider's currency is ISO 4217 or nothing; the price stands either way."""
    number = heard(Observation.LIST, rentalPrice="5.00", billingCurrency=word)
    assert number.pricing.monthly is not None
    assert number.pricing.monthly.currency == currency
    assert isinstance(number.details, EightByEightDetails)
    assert number.details.billing_currency == currency
