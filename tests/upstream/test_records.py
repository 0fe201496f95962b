"""Numbers as the store keeps them: what comes back is what was written, and what many share is held once."""

from decimal import Decimal

import msgspec
import pytest
from msgspec.structs import replace

from gateway.numbers.model import Health, HealthState, Pricing, location
from gateway.providers.eight_by_eight import EightByEightDetails
from gateway.upstream.records import Records
from tests.contract.acme import Acme, AcmeDetails, AcmeSettings
from tests.numbers.build import monthly, number
from tests.numbers.telling import X, Y
from tests.numbers.telling import number as told
from tests.upstream.telling import eight_by_eight

DEPOT = Acme("depot", AcmeSettings.model_validate({"provider": "acme", "base_url": "http://depot", "api_key": "k"}))
FULL = replace(
    number("+49300007919", "depot", "ACME", pricing=monthly("0.30"), health=Health(state=HealthState.HEALTHY)),
    details=AcmeDetails(colour="a colour of its own"),
    location=location("here", None),
)


@pytest.fixture
def records() -> Records:
    """The records of one depot."""
    return Records({"depot": DEPOT})


def test_what_was_written_comes_back(records: Records) -> None:
    """Every field, the details and what is not there; no text is no number."""
    for one in (FULL, replace(FULL, location=None, details=AcmeDetails())):
        assert records.read("depot", records.written(one)) == one
    assert records.read("depot", records.written(None)) is None


def test_what_many_share_is_held_once(records: Records) -> None:
    """Two numbers of one list have one origin, one price, one place, one state of health, and the same words."""
    first, second = (records.read("depot", records.written(replace(FULL, e164=f"+4930000791{k}"))) for k in (1, 2))
    assert first is not None
    assert second is not None
    for name in ("origin", "pricing", "location", "health"):
        assert getattr(first, name) is getattr(second, name)
    assert first.details.colour is second.details.colour  # type: ignore[attr-defined]  # they are Acme's


def test_amounts_and_words_are_held_once() -> None:
    """Also those of the details, and the words of the number itself."""
    records = Records({"voice_sg": eight_by_eight()})
    details = EightByEightDetails(sub_account_id="Mine", rental_price=Decimal("1.5"), incoming_rate=Decimal("0.02"))
    texts = [records.written(told(e164, status="In use", details=details)) for e164 in (X, Y)]
    first, second = (records.read("voice_sg", text) for text in texts)
    assert first is not None
    assert second is not None
    assert first.raw_status is second.raw_status
    for name in ("rental_price", "incoming_rate"):
        assert getattr(first.details, name) is getattr(second.details, name)


def test_equal_amounts_stay_as_they_were_written(records: Records) -> None:
    """0.3 and 0.30 are equal, and yet two prices."""
    texts = []
    for amount in ("0.3", "0.30"):
        read = records.read("depot", records.written(replace(FULL, pricing=monthly(amount))))
        assert read is not None
        assert read.pricing.monthly is not None
        texts.append(str(read.pricing.monthly.amount))
    assert (texts, Decimal("0.3") == Decimal("0.30")) == (["0.3", "0.30"], True)


def test_numbers_of_before(records: Records) -> None:
    """A text of an older gateway may lack fields, and its source may be gone from the settings: the rest is read."""
    said = msgspec.json.decode(records.written(FULL) or "")
    kept = {name: value for name, value in said.items() if name not in ("pricing", "health", "category")}
    read = records.read("closed", msgspec.json.encode(kept).decode())
    assert read is not None
    assert (read.e164, read.location, read.pricing, read.health) == (FULL.e164, FULL.location, Pricing(), Health())
    assert not isinstance(read.details, AcmeDetails)
