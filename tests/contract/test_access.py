"""Credentials and places: what is right opens, what is wrong has its name, and no unsigned request holds a secret."""

from typing import Any

import pytest
from pydantic import SecretStr

from gateway.errors import SourceAuthFailed, SourceError, SourceForbidden, SourceMisconfigured
from gateway.numbers.blocks import Block
from gateway.numbers.filters import EVERYTHING
from gateway.providers import PROVIDERS
from gateway.providers.protocol import Authenticates, Lists, LooksUp, LooksUpMany, Rephrases, Request, Source
from gateway.sandbox.accounts import WEBEX_TOKEN_WITHOUT_SCOPE
from gateway.schema.context import Rooms
from tests.conftest import OpenRooms, Simulators, errand
from tests.contract.test_lookup import UNHELD
from tests.contract.truth import NAMES, having, made, table_of
from tests.upstream.looked import absent, failed

ELSEWHERE: dict[str, dict[str, str]] = {
    "8x8": {"subaccount_id": "Nobodys-1"},
    "webex": {"location_id": "Y2lzY29zcGFyazovL3VzL0xPQ0FUSU9OL25vd2hlcmU"},
}
"""What names a place at a provider, naming one that does not exist; at the others the address is the place."""


def _secrets(name: str, table: dict[str, Any]) -> dict[str, str]:
    """The settings of a source that are secret and open it; what proves an event's sender is none of these."""
    settings = made(name, table).settings
    fields = {field: value for field, value in settings if isinstance(value, SecretStr)}
    return {field: value.get_secret_value() for field, value in fields.items() if not field.startswith("webhook")}


async def _failure(rooms: Rooms, name: str) -> SourceError:
    """Why a source could not be asked for a number."""
    [error] = failed(await rooms.lookups.at(name, [UNHELD], errand())).values()
    return error


@pytest.mark.parametrize("name", NAMES)
async def test_the_right_credentials_open(sandbox: Simulators, rooms: OpenRooms, name: str) -> None:
    """Each source with its own credentials can be asked, and is up."""
    opened = await rooms({name: table_of(sandbox, name)})
    assert absent(await opened.lookups.at(name, [UNHELD], errand())) == {UNHELD}
    assert opened.callers[name].state == "UP"


@pytest.mark.parametrize("name", having(Authenticates))
async def test_an_exchange_happens_where_it_must(sandbox: Simulators, rooms: OpenRooms, name: str) -> None:
    """A source whose settings hold no lasting key exchanges once; one that holds a key never does."""
    table = table_of(sandbox, name)
    source = made(name, table)
    assert isinstance(source, Authenticates)
    opened = await rooms({name: table})
    for _ in range(3):
        await opened.lookups.at(name, [UNHELD], errand())
    assert (source.exchanges, sandbox.logins()) == ("access_token" not in table, int(source.exchanges))


@pytest.mark.parametrize("name", NAMES)
async def test_wrong_credentials_have_a_name(sandbox: Simulators, rooms: OpenRooms, name: str) -> None:
    """Whichever of its secrets is wrong, the source is SOURCE_AUTH_FAILED, which trying again does not mend."""
    table = table_of(sandbox, name)
    assert _secrets(name, table)
    for field in _secrets(name, table):
        opened = await rooms({name: {**table, field: "wrong"}})
        error = await _failure(opened, name)
        assert (type(error), error.retryable, opened.callers[name].state) == (SourceAuthFailed, False, "DOWN")


@pytest.mark.parametrize("name", [name for name in NAMES if name != "market_agent"])
async def test_an_unknown_place_has_a_name(sandbox: Simulators, rooms: OpenRooms, name: str) -> None:
    """A place that does not exist is SOURCE_MISCONFIGURED, in lists as in look-ups, and never an empty place."""
    table = table_of(sandbox, name)
    wrong = ELSEWHERE.get(NAMES[name], {"base_url": f"{table['base_url']}/nowhere"})
    opened = await rooms({name: {**table, **wrong}})
    assert isinstance(await _failure(opened, name), SourceMisconfigured)
    caller = opened.callers[name]
    assert caller.lists is not None
    with pytest.raises(SourceMisconfigured) as listed:
        await caller.ask(caller.lists.ask(Block(0, 10), EVERYTHING), caller.lists.read, errand())
    assert listed.value.retryable is False


async def test_a_right_that_lacks_has_a_name(sandbox: Simulators, rooms: OpenRooms) -> None:
    """A good token that may not do this is SOURCE_FORBIDDEN, not a wrong one."""
    table = {**sandbox.sources["dallas"], "access_token": WEBEX_TOKEN_WITHOUT_SCOPE}
    assert isinstance(await _failure(await rooms({"dallas": table}), "dallas"), SourceForbidden)


def _questions(source: Source) -> list[Request]:
    """Every kind of unsigned question that a source's class can make, reworded too."""
    assert isinstance(source, Lists)
    questions = [source.ask(Block(0, 10), EVERYTHING)]
    if isinstance(source, LooksUp):
        questions.append(source.ask_one(UNHELD))
    if isinstance(source, LooksUpMany):
        questions += [request for request, _ in source.ask_many([UNHELD])]
    if isinstance(source, Rephrases):
        reworded = (source.rephrase(request, "filter_prohibited") for request in list(questions))
        questions += [request for request in reworded if request is not None]
    return questions


@pytest.mark.parametrize("name", NAMES)
def test_unsigned_questions_hold_no_secret(sandbox: Simulators, name: str) -> None:
    """What is a cache key and may be logged names no credential; signing adds one, and leaves the question itself."""
    table = table_of(sandbox, name)
    source, secrets = made(name, table), _secrets(name, table)
    assert _questions(source)
    for question in _questions(source):
        assert [field for field, secret in secrets.items() if secret in repr(question)] == []
        assert hash(question) == hash(Request(question.method, question.url, question.headers, question.body))
        signed = source.sign(question, "a-token-of-now")
        assert (signed.method, signed.url) == (question.method, question.url)
        assert "a-token-of-now" in repr(signed) or not isinstance(source, Authenticates)
        assert [secret for secret in secrets.values() if secret in repr(source.sign(question, None))] or isinstance(
            source, Authenticates
        )


def test_every_provider_is_met() -> None:
    """Each class in PROVIDERS has a source in the sandbox, and each capability that any has is met somewhere."""
    assert {kind.slug for kind in PROVIDERS} == set(NAMES.values())
    for capability in (Lists, LooksUp, LooksUpMany, Rephrases, Authenticates):
        assert having(capability)
