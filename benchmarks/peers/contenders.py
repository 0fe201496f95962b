"""Who is measured: how each is installed, started and asked."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.peers import rows
from gateway import __version__

HERE = Path(__file__).parent
LIST_SECONDS = 3600
"""How long anything that is kept counts as fresh, with everyone: longer than the run."""


class Place(NamedTuple):
    """Where a contender runs: its port, the upstream's URL, a folder for its files, and whether it may keep answers."""

    port: int
    upstream: str
    folder: Path
    kept: bool


class NotThere(Exception):
    """A contender cannot be had on this machine; the message says why."""


class Contender:
    """Somebody who answers the questions."""

    name = ""
    path = "/graphql"
    ours = False
    note = ""

    def install(self) -> str:
        """The version, once everything is there.

        Raises:
            NotThere: it cannot be.
        """
        raise NotImplementedError

    def command(self, place: Place) -> Sequence[str]:
        """What to run."""
        raise NotImplementedError

    def variables(self, place: Place) -> Mapping[str, str]:
        """Its environment, besides the usual one."""
        return {"PORT": str(place.port), "UPSTREAM": place.upstream, "KEEP": str(place.kept).lower()}


class Gateway(Contender):
    """This gateway as it is served: with clients, limits and reports; each client has an 8x8 source of its own."""

    name = "this gateway"
    ours = True

    def install(self) -> str:
        """It is here."""
        return __version__

    def command(self, place: Place) -> Sequence[str]:
        """``gateway serve``."""
        settings = place.folder / "gateway.toml"
        settings.write_text(settings_of(place), encoding="utf-8")
        return [sys.executable, "-m", "gateway", "serve", "--config", str(settings)]


def key_of(client: int) -> str:
    """The key of a client of the gateway."""
    return f"benchmark-client-{client}"


def settings_of(place: Place) -> str:
    """The gateway's settings; sources may be asked as fast as they answer."""
    told = f"ttl = {LIST_SECONDS}\ncalls_per_minute = 10000000\nconcurrency = 64\n"
    tables = [
        f"[server]\nport = {place.port}\n",
        f'[state]\ndatabase_url = "sqlite:///{place.folder}/gateway.db"\n',
        f'[sources.dallas]\nprovider = "webex"\nbase_url = "{place.upstream}/webex/v1"\nlocation_id = "DAL"\naccess_token = "bench"\n{told}',
        f'[sources.epsilon]\nprovider = "cloudlx"\nbase_url = "{place.upstream}/cloudlx/api"\naccess_token = "bench"\ncurrency = "GBP"\n{told}',
        f'[sources.market]\nprovider = "callgear"\nbase_url = "{place.upstream}/callgear/v2.0"\naccess_token = "bench"\ncurrency = "USD"\n{told}',
    ]
    for index in range(rows.POOLS):
        pool = rows.pool_name(index)
        digest = hashlib.sha256(key_of(index).encode()).hexdigest()
        tables += [
            f'[sources.{pool}]\nprovider = "8x8"\nbase_url = "{place.upstream}/8x8"\nsubaccount_id = "{pool}"\napi_key = "bench"\n{told}',
            f'[clients.client_{index}]\nkey_sha256 = "{digest}"\nsources = ["{pool}", "dallas", "epsilon", "market"]\n',
        ]
    return "\n".join(tables)


class Plain(Contender):
    """What the same libraries do by themselves."""

    name = "plain Strawberry"

    def install(self) -> str:
        """It is here."""
        from importlib.metadata import version  # noqa: PLC0415 - read only here

        return version("strawberry-graphql")

    def command(self, place: Place) -> Sequence[str]:  # noqa: ARG002 - told by variables
        """A module beside this one."""
        return [sys.executable, "-m", "benchmarks.peers.plain"]


class Npm(Contender):
    """A contender from a folder with a package.json and its lock."""

    folder = ""
    package = ""

    @property
    def home(self) -> Path:
        """Its folder."""
        return HERE / self.folder

    def install(self) -> str:
        """``npm ci``, once."""
        npm = shutil.which("npm")
        if npm is None or shutil.which("node") is None:
            msg = "node and npm are not installed"
            raise NotThere(msg)
        lock = (self.home / "package-lock.json").read_bytes()
        stamp = self.home / "node_modules" / "installed"
        digest = hashlib.sha256(lock).hexdigest()
        if not stamp.exists() or stamp.read_text(encoding="utf-8") != digest:
            done = subprocess.run(  # noqa: S603 - npm, on our own lock
                [npm, "ci", "--no-audit", "--no-fund"], cwd=self.home, capture_output=True, text=True, check=False
            )
            if done.returncode:
                msg = f"npm ci failed in {self.folder}/: {done.stderr.strip().splitlines()[-1:]}"
                raise NotThere(msg)
            stamp.write_text(digest, encoding="utf-8")
        told: str = json.loads((self.home / "node_modules" / self.package / "package.json").read_bytes())["version"]
        return told

    def variables(self, place: Place) -> Mapping[str, str]:
        """As they are run in production."""
        return {**super().variables(place), "NODE_ENV": "production"}


class Mercurius(Npm):
    """mercurius on fastify, with graphql-jit and mercurius-cache."""

    name, folder, package = "mercurius + JIT", "node", "mercurius"

    def command(self, place: Place) -> Sequence[str]:  # noqa: ARG002 - told by variables
        """Its script."""
        return ["node", str(self.home / "mercurius.js")]


class Yoga(Npm):
    """graphql-yoga with graphql-jit and its response cache."""

    name, folder, package = "graphql-yoga + JIT", "node", "graphql-yoga"

    def command(self, place: Place) -> Sequence[str]:  # noqa: ARG002 - told by variables
        """Its script."""
        return ["node", str(self.home / "yoga.js")]


class Hive(Npm):
    """Hive Gateway over a supergraph of one REST source, with its JIT and response cache."""

    name, folder, package = "Hive Gateway", "hive", "@graphql-hive/gateway"

    def command(self, place: Place) -> Sequence[str]:
        """Its command line."""
        supergraph = place.folder / "supergraph.graphql"
        text = (self.home / "supergraph.graphql").read_text(encoding="utf-8")
        supergraph.write_text(text.replace("http://upstream", place.upstream), encoding="utf-8")
        command = self.home / "node_modules" / "@graphql-hive" / "gateway" / "dist" / "bin.js"
        where = ["--host", "127.0.0.1", "--port", str(place.port), "--fork", "1"]
        return ["node", str(command), "supergraph", str(supergraph), "-c", str(self.home / "gateway.config.js"), *where]


class Tailcall(Npm):
    """Tailcall; its file says what is kept, and that is taken out where nothing may be."""

    name, folder, package = "Tailcall", "tailcall", "@tailcallhq/core-linux-x64-gnu"

    def __init__(self, loader: Path | None) -> None:
        self._loader = loader

    @property
    def _start(self) -> list[str]:
        binary = str(self.home / "node_modules" / self.package / "bin" / "tailcall")
        if self._loader is None:
            return [binary]
        return [str(self._loader), "--library-path", str(self._loader.parent), binary]

    def install(self) -> str:
        """Its package holds a binary for one C library."""
        version = super().install()
        done = subprocess.run([*self._start, "--version"], capture_output=True, text=True, check=False)  # noqa: S603 - installed above
        if done.returncode:
            msg = f"its binary does not start ({done.stderr.strip().splitlines()[-1].rpartition(': ')[2][:80]}); see --loader"
            raise NotThere(msg)
        return version

    def command(self, place: Place) -> Sequence[str]:
        """``tailcall start``."""
        text = (self.home / "tailcall.graphql").read_text(encoding="utf-8")
        text = text.replace("http://upstream", place.upstream).replace("port: 8000", f"port: {place.port}")
        if not place.kept:
            text = text.replace(" @cache(maxAge: 3600000)", "")
        written = place.folder / "tailcall.graphql"
        written.write_text(text, encoding="utf-8")
        return [*self._start, "start", str(written)]

    def variables(self, place: Place) -> Mapping[str, str]:
        """No word for every call, and none home."""
        return {**super().variables(place), "TAILCALL_LOG_LEVEL": "error", "TAILCALL_TRACKER": "false"}


def contenders(loader: Path | None) -> list[Contender]:
    """All of them, ours first."""
    return [Gateway(), Tailcall(loader), Mercurius(), Yoga(), Hive(), Plain()]


def environment(contender: Contender, place: Place) -> dict[str, str]:
    """What a contender's process is told."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
    return {**kept, **contender.variables(place)}
