"""A fifth provider is one new file and its entry in the registry; schema, settings, command line and answers follow."""

import asyncio
import difflib
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

import gateway
from tests.contract.depot import KEY, NUMBERS, depot
from tests.upstream.servers import listening

PACKAGE = Path(gateway.__file__).parent
ENTRY = ("from gateway.providers.acme import Acme", "PROVIDERS = (EightByEight, Webex, CloudLX, CallGear, Acme)")
SETTINGS = """
[state]
database_url = "sqlite://"
[server]
port = 0
[sources.depot]
provider = "acme"
base_url = "{url}"
api_key = "{key}"
block_size = 40
"""
QUERY = """{
  phoneNumbers(first: 3, filter: {providers: [ACME]}) {
    nodes { e164 provider availability lifecycle details { __typename ... on AcmeDetails { colour } } }
    totalCount complete sources { source { name provider } status error { code } }
  }
  phoneNumber(e164: "+49300007919") { outcomes { result } }
}"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package, and the fifth provider in it."""
    folder = tmp_path_factory.mktemp("tree")
    copied = shutil.copytree(PACKAGE, folder / "gateway", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(Path(__file__).with_name("acme.py"), copied / "providers" / "acme.py")
    registry = copied / "providers" / "__init__.py"
    first, *rest = registry.read_text(encoding="utf-8").split("from gateway.providers.callgear", 1)
    text = f"{first}{ENTRY[0]}\nfrom gateway.providers.callgear{''.join(rest)}"
    registry.write_text(text.replace(ENTRY[1].replace(", Acme", ""), ENTRY[1]), encoding="utf-8")
    return folder


@asynccontextmanager
async def _running(tree: Path, *words: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A command of the gateway in that folder, which is ended with the block."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GATEWAY_", "COV_"))}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway", *words),
        cwd=tree,
        env={**environment, "PYTHONPATH": str(tree)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


async def _ran(tree: Path, *words: str) -> tuple[int | None, str, str]:
    """The exit code of a command, and what it said."""
    async with _running(tree, *words) as process:
        said, complained = await process.communicate()
    return process.returncode, said.decode(), complained.decode()


def test_one_file_and_one_entry(tree: Path) -> None:
    """The folder differs from the package in the new file and in the registry's entry, and in nothing else."""
    before = {file.relative_to(PACKAGE): file.read_bytes() for file in PACKAGE.rglob("*") if _counts(file)}
    after = {
        file.relative_to(tree / "gateway"): file.read_bytes() for file in tree.rglob("gateway/**/*") if _counts(file)
    }
    changed = {str(path) for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    assert changed == {"providers/acme.py", "providers/__init__.py"}
    registry = Path("providers/__init__.py")
    lines = difflib.ndiff(before[registry].decode().splitlines(), after[registry].decode().splitlines())
    told = [line for line in lines if line[0] in "+-"]
    assert told == [f"+ {ENTRY[0]}", f"- {ENTRY[1].replace(', Acme', '')}", f"+ {ENTRY[1]}"]


def _counts(file: Path) -> bool:
    return file.is_file() and "__pycache__" not in file.parts


async def test_schema_and_settings_follow(tree: Path) -> None:
    """The schema has its provider and details, settings are checked by its own rules, and its key is masked."""
    (tree / "good.toml").write_text(SETTINGS.format(url="http://127.0.0.1:1", key=KEY), encoding="utf-8")
    (tree / "bad.toml").write_text('[sources.depot]\nprovider = "acme"\ncolour = "red"\n', encoding="utf-8")
    (tree / "worse.toml").write_text('[sources.depot]\nprovider = "acne"\n', encoding="utf-8")
    schema, good, bad, worse = await asyncio.gather(
        _ran(tree, "schema", "print"),
        *(_ran(tree, "config", "check", "--config", f"{name}.toml") for name in ("good", "bad", "worse")),
    )
    assert (schema[0], schema[2]) == (0, "")
    assert "  ACME\n" in schema[1].split("enum Provider {")[1].split("}")[0]
    [union] = [line for line in schema[1].splitlines() if line.startswith("union ProviderDetails")]
    assert union.endswith("| AcmeDetails")
    assert '"""The colour of the number\'s box."""\n  colour: String' in schema[1]
    assert (good[0], 'provider = "acme"' in good[1], KEY in good[1]) == (0, True, False)
    assert bad[0] == 2
    for key in ("sources.depot.base_url", "sources.depot.api_key", "sources.depot.colour"):
        assert key in bad[2]
    assert (worse[0], "'acme'" in worse[2]) == (2, True)


async def test_it_is_asked_like_the_others(tree: Path) -> None:
    """A gateway of that folder, served for real, answers a query from a server of the fifth provider."""
    async with listening(depot()) as wire:
        (tree / "served.toml").write_text(SETTINGS.format(url=wire.url, key=KEY), encoding="utf-8")
        async with _running(tree, "serve", "--config", "served.toml") as process, aiohttp.ClientSession() as client:
            assert process.stdout is not None
            told = (await process.stdout.readline()).decode()
            url = told.split(" at ")[1].strip()
            async with client.post(url, json={"query": QUERY}) as answer:
                body = json.loads(await answer.read())
    numbers = sorted(NUMBERS)[:3]
    colours = [("red", "blue")[NUMBERS.index(e164) % 2] for e164 in numbers]
    assert body["data"]["phoneNumbers"] == {
        "nodes": [
            {
                "e164": e164,
                "provider": "ACME",
                "availability": "PURCHASABLE",
                "lifecycle": "AVAILABLE",
                "details": {"__typename": "AcmeDetails", "colour": colour},
            }
            for e164, colour in zip(numbers, colours, strict=True)
        ],
        "totalCount": len(NUMBERS),
        "complete": True,
        "sources": [{"source": {"name": "depot", "provider": "ACME"}, "status": "OK", "error": None}],
    }
    assert body["data"]["phoneNumber"] == {"outcomes": [{"result": "FOUND"}]}
