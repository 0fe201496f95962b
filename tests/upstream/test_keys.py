"""Cache keys and errors name neither a number nor a secret, whatever was asked and however it failed."""

import logging

import pytest

from gateway.upstream.cache_memory import BoundedMemory
from tests.conftest import OpenGateway, OpenRooms, Simulators, errand
from tests.contract.truth import held

CREDENTIALS = ("access_token", "api_key", "client_secret", "password", "refresh_token", "client_id", "login")
LOOK_UP = """query Ask($numbers: [E164!]!) {
  phoneNumbersByE164(e164s: $numbers) { outcomes { error { message } } }
  phoneNumbers(first: 5, filter: {e164: {in: $numbers}}) { complete sources { error { message } remarks } }
}"""


async def test_keys_hold_no_number_and_no_secret(sandbox: Simulators, rooms: OpenRooms) -> None:
    """After lists and look-ups in every way a source has, no key names a number or a credential."""
    tables = {**sandbox.sources, **sandbox.variants}
    opened = await rooms(tables)
    numbers = {name: held(sandbox.world, table)[:2] for name, table in tables.items()}
    for name, asked in numbers.items():
        await opened.lookups.at(name, asked, errand())
        await opened.inventory.kept(name, 60, errand())
    memory = opened.inventory._cache._store
    assert isinstance(memory, BoundedMemory)
    keys = " ".join(memory._entries)
    secrets = {str(table[name]) for table in tables.values() for name in CREDENTIALS if name in table}
    digits = {e164[1:] for asked in numbers.values() for e164 in asked}
    assert len(memory._entries) >= 2 * len(tables)
    assert [text for text in secrets | digits if text in keys] == []


@pytest.mark.parametrize("fault", ["http_401", "html_502", "invalid_json", "short_body", "reset", "redirect_loop"])
async def test_failures_name_no_number_and_no_secret(
    sandbox: Simulators, gateway: OpenGateway, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    """Neither what a client is told of a failure nor what is logged of it names a number or a credential."""
    caplog.set_level(logging.DEBUG)
    sandbox.turn_all(fault=fault)
    tables = {**sandbox.sources, **sandbox.variants}
    asked = [numbers[0] for table in tables.values() if (numbers := held(sandbox.world, table))]
    opened = await gateway(tables)
    told = (await opened.ask(LOOK_UP, {"numbers": asked})).content.decode()
    logged = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("gateway"))
    secrets = {str(table[name]) for table in tables.values() for name in CREDENTIALS if name in table}
    assert [text for text in {*secrets, *(e164[1:] for e164 in asked)} if text in told + logged] == []
