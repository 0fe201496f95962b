"""A gateway from the built wheel, and Debian's Chromium that watches what its pages do."""

import fcntl
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright

from tests.schema.commands import ROOT, Command

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
NPM = shutil.which("npm")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel with GraphiQL in it, which the first of several test processes builds while the others wait."""
    with (ROOT / "console" / "package.json").open("r+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        subprocess.run(["/bin/sh", str(ROOT / "scripts" / "console")], check=True)  # noqa: S603 - the script of this repository
    place = tmp_path_factory.mktemp("wheel")
    words = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(place)]
    subprocess.run(words, cwd=ROOT, check=True, capture_output=True)  # noqa: S603 - the build backend
    [built] = place.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def url(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The demo of the unpacked wheel, as a process of its own; where a browser opens it."""
    place = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(place / "wheel")
    with Command(place, "demo", "--port", 0, PYTHONPATH=str(place / "wheel")) as command:
        yield command.until(r"Open +(\S+/graphql)\s")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium() -> AsyncIterator[Browser]:
    """One browser for the tests of a module."""
    async with async_playwright() as tools:
        # Chromium refuses a sandbox of its own to root
        browser = await tools.chromium.launch(executable_path=CHROMIUM, chromium_sandbox=os.geteuid() != 0)
        yield browser
        await browser.close()


@dataclass
class Watched:
    """A page, and everything about it that should not be."""

    page: Page
    url: str
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", lambda said: self._note(said.type in {"error", "warning"}, said.text))
        self.page.on("pageerror", lambda error: self._note(True, str(error)))
        self.page.on("requestfailed", lambda request: self._note(True, f"{request.url}: {request.failure}"))
        self.page.on("request", lambda request: self._note(not self._ours(request.url), request.url))

    def _ours(self, url: str) -> bool:
        return url.startswith((self.url.removesuffix("graphql"), "data:"))

    def _note(self, wrong: bool, what: str) -> None:
        if wrong:
            self.faults.append(what)
