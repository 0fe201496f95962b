"""Virtual Number Updated events as 8x8 writes them, for the tests of what becomes of them."""

from datetime import datetime, timedelta
from typing import Any

import msgspec

from gateway.providers.eight_by_eight import EightByEight, EightByEightSettings

NOON = datetime.fromisoformat("2026-11-01T12:00:00Z")
"""What the clock by hand begins with."""
X, Y = "+6598765432", "+6598765433"
SECRET = "Bearer of events"


def eight_by_eight(name: str = "voice_sg", base_url: str = "http://127.0.0.1:1", **settings: Any) -> EightByEight:  # noqa: ANN401 - its settings
    """A source that tells events."""
    held = {"provider": "8x8", "base_url": base_url, "subaccount_id": "MySubAccount", "api_key": "key"}
    return EightByEight(name, EightByEightSettings.model_validate({**held, "webhook_secret": SECRET, **settings}))


def row(msisdn: str = X, minutes: float = -60, status: str = "Active", **more: object) -> dict[str, object]:
    """A number in an event, updated so many minutes after noon."""
    at = (NOON + timedelta(minutes=minutes)).isoformat()
    said = {"msisdn": msisdn, "updatedTimestamp": at, "operationalStatus": status, "updateStatus": "UPDATED"}
    return {**said, "countryCode": "SG", "rentalPrice": 5.0, "billingCurrency": "USD", **more}


def event(
    *rows: dict[str, object], kind: str = "UPDATES", total: int | None = None, account: str = "MySubAccount"
) -> bytes:
    """An event's body; without a total, it counts what it holds."""
    payload = {
        "subAccountId": account,
        "totalNumbers": len(rows) if total is None else total,
        "updateEventType": kind,
        "virtualNumbers": list(rows),
    }
    said = {"namespace": "VOICE", "eventType": "VIRTUAL_NUMBER_UPDATE", "payload": payload}
    return msgspec.json.encode(said)
