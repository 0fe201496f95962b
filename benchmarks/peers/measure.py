"""The measuring: starts everybody on a core of their own, compares the answers, and loads them in turn."""

import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import click
import uvloop

from benchmarks.peers import rows
from benchmarks.peers.contenders import Contender, NotThere, Place, environment, key_of
from benchmarks.peers.load import Load, answer, asked, request
from benchmarks.peers.processes import await_port, cores, cpu_seconds, free_port, megabytes, process
from benchmarks.peers.questions import (
    MANY,
    PAGE,
    WINDOWS,
    WORKLOADS,
    Cursors,
    Question,
    Workload,
    body_of,
    fan_outs,
    our_facts,
    their_facts,
)

TOGETHER = 20
"""Equal questions that come at once to a cold cache."""
WALK = "query Walk($after: String, $first: Int!) {{ phoneNumbers(first: $first, after: $after{more}) {{ edges {{ cursor }} }} }}"
ORDERED = ", orderBy: {{field: SOURCE}}, filter: {{providers: [{0}]}}"


class Round(NamedTuple):
    """Of one run: answers a second, CPU milliseconds and upstream calls an answer, milliseconds of the slowest hundredth."""

    rate: float
    cpu: float
    calls: float
    slow: float
    busy: float


class Running(NamedTuple):
    """A contender's process."""

    contender: Contender
    port: int
    pid: int


class Burst(NamedTuple):
    """Equal questions at once on a cold cache: upstream calls, and milliseconds until all had their answer."""

    calls: int
    milliseconds: float


class Found(NamedTuple):
    """Everything that was found out."""

    versions: dict[str, str]
    missing: dict[str, str]
    rounds: dict[str, dict[str, list[Round]]]
    bursts: dict[str, Burst]
    megabytes: dict[str, float]
    alone: Load
    alone_large: Load


class Bench:
    """The upstream and whoever runs over it."""

    def __init__(self, folder: Path, seconds: float, rounds: int) -> None:
        self._folder = folder
        self._seconds = seconds
        self._rounds = rounds
        self._core, self._load_core = cores()
        self._upstream_port = free_port()
        self._upstream_pid = 0
        self.cursors: Cursors = {}

    @contextmanager
    def upstream(self) -> Iterator[None]:
        """The upstream, on the core of the load."""
        os.sched_setaffinity(0, {self._load_core})
        command = [sys.executable, "-m", "benchmarks.peers.upstream", str(self._upstream_port)]
        with process(command, self._load_core, os.environ, self._folder / "upstream.log") as begun:
            self._upstream_pid = begun.pid
            await_port(self._upstream_port, begun, self._folder / "upstream.log")
            yield

    @contextmanager
    def run(self, contender: Contender, *, kept: bool) -> Iterator[Running]:
        """A contender, ready to answer.

        Raises:
            NotThere: it does not start.
        """
        folder = self._folder / type(contender).__name__
        folder.mkdir(exist_ok=True)
        place = Place(free_port(), f"http://127.0.0.1:{self._upstream_port}", folder, kept)
        log = folder / "log"
        told = environment(contender, place)
        with process(contender.command(place), self._core, told, log) as begun:
            await_port(place.port, begun, log)
            yield Running(contender, place.port, begun.pid)

    def requests(self, running: Running, questions: Sequence[Question]) -> list[bytes]:
        """The questions as the contender takes them."""
        path, ours = running.contender.path, running.contender.ours
        return [
            request(
                body_of(one.ours if ours else one.theirs or {}),
                running.port,
                path,
                key_of(one.client) if ours else None,
            )
            for one in questions
        ]

    async def walk(self, running: Running) -> None:
        """Read the gateway's cursors: the one before each page of 50."""
        for place, more in (("b", "WEBEX"), ("c", "CLOUDLX"), ("d", "CALLGEAR"), ("m", "")):
            document = WALK.format(more=ORDERED.format(more) if more else "")
            found: list[str | None] = [None]
            last: str | None = None
            while len(found) < (WINDOWS if more else 100):
                ask = {"query": document, "variables": {"after": last, "first": MANY}}
                body = await answer(request(body_of(ask), running.port, "/graphql", key_of(0)), running.port)
                edges = json.loads(body)["data"]["phoneNumbers"]["edges"]
                last = edges[-1]["cursor"]
                found += [edge["cursor"] for edge in edges[PAGE - 1 :: PAGE]]
            self.cursors[place] = found[: WINDOWS if more else 100]

    async def compare(self, running: Running, workload: Workload, questions: Sequence[Question]) -> None:
        """See that what it answers is what the providers hold, on the first, second and third sight of an operation."""
        chosen = questions[:: max(1, len(questions) // 12)]
        for _ in range(3):
            for one, whole in zip(chosen, self.requests(running, chosen), strict=True):
                body = await answer(whole, running.port)
                told = json.loads(body)
                facts = None if "errors" in told else (our_facts if running.contender.ours else their_facts)(told)
                if facts != one.facts():
                    msg = (
                        f"{running.contender.name} answers {workload.name} otherwise than the providers: {body[:300]!r}"
                    )
                    raise click.ClickException(msg)

    async def calls(self) -> int:
        """Upstream calls since this was last asked."""
        return int(await answer(b"GET /-/calls HTTP/1.1\r\n\r\n", self._upstream_port))

    async def wait_for(self, milliseconds: int) -> None:
        """The upstream's latency from now on."""
        await answer(b"GET /-/latency/%d HTTP/1.1\r\n\r\n" % milliseconds, self._upstream_port)

    async def round(self, running: Running, requests: Sequence[bytes]) -> Round:
        """Load it for a while."""
        await self.calls()
        used, others, began = cpu_seconds(running.pid), self._others(), time.perf_counter()
        load = await asked(requests, running.port, self._seconds)
        used, others = cpu_seconds(running.pid) - used, self._others() - others
        busy = others / (time.perf_counter() - began)
        count = load.answers
        return Round(count / load.seconds, 1000 * used / count, await self.calls() / count, load.slow, busy)

    def _others(self) -> float:
        return cpu_seconds(self._upstream_pid) + time.process_time()

    async def alone(self, target: str) -> Load:
        """The load straight at the upstream: more than this nobody can be seen to do."""
        whole = f"GET {target} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n".encode()
        return await asked([whole], self._upstream_port, self._seconds)

    async def burst(self, running: Running) -> Burst:
        """Equal questions at once, to somebody who has just started."""
        await self.calls()
        cursors: Cursors = {place: [None] * WINDOWS for place in ("b", "c", "d")}
        [whole] = self.requests(running, fan_outs(cursors, "")[:1])
        load = await asked([whole], running.port, 0.0, TOGETHER)
        return Burst(await self.calls(), 1000 * load.seconds)

    async def phase(self, everybody: Sequence[Running], workloads: Sequence[Workload], found: Found) -> None:
        """All rounds of these workloads, contenders in turn."""
        for workload in workloads:
            entered = [one for one in everybody if workload.peers or one.contender.ours]
            questions = workload.questions(self.cursors)
            requests = {one: self.requests(one, questions) for one in entered}
            for one in entered:
                await self.compare(one, workload, questions)
            await self.wait_for(workload.latency)
            for one in entered:
                await asked(requests[one], one.port, self._seconds)
            told = found.rounds.setdefault(workload.name, {})
            for _ in range(self._rounds):
                for one in entered:
                    told.setdefault(one.contender.name, []).append(await self.round(one, requests[one]))
            await self.wait_for(0)
            click.echo(f"{workload.name} is measured", err=True)


def measured(everybody: Sequence[Contender], names: Sequence[str], seconds: float, rounds: int) -> Found:
    """All figures.

    Raises:
        ClickException: a contender's answers are not what the providers hold.
    """
    missing: dict[str, str] = {}
    versions: dict[str, str] = {}
    for contender in everybody:
        try:
            versions[contender.name] = contender.install()
        except NotThere as error:
            missing[contender.name] = str(error)
    there = [contender for contender in everybody if contender.name in versions]
    with TemporaryDirectory() as folder:
        bench = Bench(Path(folder), seconds, rounds)
        with bench.upstream():
            found = _started(bench, versions, missing)
            for kept in (False, True):
                chosen = [one for one in WORKLOADS if one.kept is kept and one.name in names]
                _phase(bench, there, chosen, found, kept=kept)
    return found


def _started(bench: Bench, versions: dict[str, str], missing: dict[str, str]) -> Found:
    async def alone() -> tuple[Load, Load]:
        small = await bench.alone(f"/8x8/api/v1/subaccounts/{rows.pool_name(0)}/numbers/6531000000")
        return small, await bench.alone("/webex/availableNumbers?max=300&start=0")

    small, large = uvloop.run(alone())
    return Found(versions, missing, {}, {}, {}, small, large)


def _phase(
    bench: Bench, there: Sequence[Contender], workloads: Sequence[Workload], found: Found, *, kept: bool
) -> None:
    """Start everybody, measure, and end them. Whoever does not start is left out."""
    with ExitStack() as opened:
        everybody: list[Running] = []
        for contender in there:
            try:
                everybody.append(opened.enter_context(bench.run(contender, kept=kept)))
            except NotThere as error:
                found.missing[contender.name] = str(error)

        async def measure() -> None:
            for one in everybody:
                if kept:
                    found.bursts[one.contender.name] = await bench.burst(one)
                elif one.contender.ours:
                    await bench.walk(one)
            await bench.phase(everybody, workloads, found)

        uvloop.run(measure())
        for one in everybody:
            held = found.megabytes.get(one.contender.name, 0.0)
            found.megabytes[one.contender.name] = max(held, megabytes(one.pid))


def numbers_of(found: Found) -> dict[str, Any]:
    """Everything as JSON can have it."""
    rounds = {
        workload: {name: [one._asdict() for one in told] for name, told in by_name.items()}
        for workload, by_name in found.rounds.items()
    }
    bursts = {name: burst._asdict() for name, burst in found.bursts.items()}
    return {**found._asdict(), "rounds": rounds, "bursts": bursts}
