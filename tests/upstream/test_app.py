"""The composition root: rooms open and close without leaving anything, and the key that signs cursors survives."""

import asyncio
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gateway.app import SHORTEST_KEY, create_app, cursor_secret, open_rooms
from gateway.errors import SettingsInvalid
from gateway.numbers.search import Search
from gateway.settings import Settings
from gateway.upstream.clock import SystemClock
from tests.conftest import Gateway, OpenGateway, Simulators, errand, settings_of
from tests.contract.truth import held

PAGE = "query Page($after: String) { phoneNumbers(first: 2, after: $after) { nodes { e164 } pageInfo { endCursor } } }"


def _beside(folder: Path, **server: object) -> Settings:
    """Settings with a store in a folder."""
    return Settings.model_validate({"state": {"database_url": f"sqlite:///{folder}/gateway.db"}, "server": server})


def test_the_key_is_made_once(tmp_path: Path) -> None:
    """The first start makes a key that nobody else may read; later ones find it."""
    key = cursor_secret(_beside(tmp_path))
    assert [cursor_secret(_beside(tmp_path)) for _ in range(2)] == [key, key]
    assert [file.name for file in tmp_path.iterdir()] == ["gateway.key"]
    assert (len(key), stat.S_IMODE((tmp_path / "gateway.key").stat().st_mode)) == (32, 0o600)


def test_many_start_at_once(tmp_path: Path) -> None:
    """Of many that start together all have the same whole key, and nothing else is left in the folder."""
    for attempt in range(10):
        folder = tmp_path / str(attempt)
        folder.mkdir()
        with ThreadPoolExecutor(16) as starting:
            keys = set(starting.map(lambda _: cursor_secret(_beside(folder)), range(16)))  # noqa: B023 - used at once
        assert [len(key) for key in keys] == [32]
        assert [file.name for file in folder.iterdir()] == ["gateway.key"]


def test_half_a_key_is_refused(tmp_path: Path) -> None:
    """A key file that a crash left empty is named, with the mend; nothing is signed with less than a key."""
    for content in (b"", b"x" * (SHORTEST_KEY - 1)):
        (tmp_path / "gateway.key").write_bytes(content)
        with pytest.raises(SettingsInvalid, match=r"server\.cursor_key: .*gateway\.key holds no whole key: remove"):
            create_app(_beside(tmp_path))


def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    """Where the key can be neither written nor read, starting ends with a sentence that names the setting."""
    with pytest.raises(SettingsInvalid, match=r"server\.cursor_key: none is set, and .* cannot be used"):
        create_app(_beside(tmp_path / "missing"))
    (tmp_path / "gateway.key").mkdir()
    with pytest.raises(SettingsInvalid, match=r"cannot be used \(Is a directory\)"):
        create_app(_beside(tmp_path))


def test_a_configured_key_needs_no_file(tmp_path: Path) -> None:
    """A key from the settings is used as it is, and a store that is no file gets a key for the process alone."""
    assert cursor_secret(_beside(tmp_path, cursor_key="a key of the settings")) == b"a key of the settings"
    for url in ("sqlite://", "sqlite:///", "postgresql://db/gateway"):
        settings = Settings.model_validate({"state": {"database_url": url}})
        assert len({cursor_secret(settings), cursor_secret(settings)}) == 2
    assert list(tmp_path.iterdir()) == []


async def test_cursors_survive_a_restart(sandbox: Simulators, gateway: OpenGateway, tmp_path: Path) -> None:
    """A cursor of one process is good in the next one over the same store, and not over another."""
    state = {"database_url": f"sqlite:///{tmp_path}/gateway.db"}
    before = await gateway(sandbox.sources, state=state)
    page = (await before.ask(PAGE)).data["phoneNumbers"]
    after = await gateway(sandbox.sources, state=state)
    follows = (await after.ask(PAGE, {"after": page["pageInfo"]["endCursor"]})).data["phoneNumbers"]
    assert page["nodes"][-1]["e164"] < follows["nodes"][0]["e164"]
    elsewhere = await gateway(sandbox.sources)
    assert (await elsewhere.ask(PAGE, {"after": page["pageInfo"]["endCursor"]})).codes == ["CURSOR_INVALID"]


async def test_an_application_opens_again(sandbox: Simulators) -> None:
    """The same application can be ended and begun anew, with fresh rooms, and leaves no task behind either time."""
    app = create_app(settings_of(sandbox.sources, {}))
    before = asyncio.all_tasks()
    for _ in range(2):
        async with app.router.lifespan_context(app):
            answer = await Gateway(app).ask(PAGE)
        assert len(answer.data["phoneNumbers"]["nodes"]) == 2
        assert asyncio.all_tasks() == before


async def test_ending_while_logging_in(sandbox: Simulators) -> None:
    """Ending while tokens are fetched ahead stops that, and leaves no task behind."""
    sandbox.turn_all(hang=True)
    app = create_app(settings_of({**sandbox.sources, **sandbox.variants}, {}))
    before = asyncio.all_tasks()
    async with asyncio.timeout(30), app.router.lifespan_context(app):
        pass
    assert asyncio.all_tasks() == before


async def test_ending_under_load(sandbox: Simulators) -> None:
    """Closing the rooms while lists and look-ups hang ends these, and leaves no task behind."""
    sandbox.turn_all(hang=True)
    numbers = held(sandbox.world, sandbox.sources["market"])[:2]
    before = asyncio.all_tasks()
    async with asyncio.timeout(30), open_rooms(settings_of(sandbox.sources, {}), SystemClock()) as opened:
        asked = [asyncio.create_task(opened.lookups.at(name, numbers, errand())) for name in sandbox.sources]
        listed = [asyncio.create_task(opened.inventory.snapshot(name, Search(), errand())) for name in sandbox.sources]
        await asyncio.wait([*asked, *listed], timeout=0.05)
    await asyncio.gather(*asked, *listed, return_exceptions=True)
    assert asyncio.all_tasks() == before
