"""The command line as a process of its own, and the file of settings that it reads."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from queue import SimpleQueue
from signal import Signals
from threading import Thread
from typing import Self

ROOT = Path(__file__).parents[2]


def written(place: Path, sources: Mapping[str, Mapping[str, object]], more: str = "") -> Path:
    """A file of settings."""
    tables = (
        f"[sources.{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in held.items())
        for name, held in sources.items()
    )
    place.write_text("\n".join([*tables, more]), encoding="utf-8")
    return place


class Command:
    """A command as a process of its own, in a folder that is empty before and must be after."""

    def __init__(self, place: Path, *words: object, **environment: str) -> None:
        self._place = place / "empty"
        self._place.mkdir()
        own = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
        self._process = subprocess.Popen(  # noqa: S603 - the gateway itself
            [sys.executable, "-m", "gateway", *map(str, words)],
            cwd=self._place,
            env=own | {"PYTHONPATH": str(ROOT)} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.printed = ""
        self.requests: list[dict[str, object]] = []
        self._complaints: SimpleQueue[str] = SimpleQueue()
        self._reading = Thread(target=self._read)
        self._reading.start()

    def _read(self) -> None:
        """Take its log as it comes: what it says of requests, and what it complains of."""
        assert self._process.stderr is not None
        for line in self._process.stderr:
            if '"event":"request"' in line:
                self.requests.append(json.loads(line))
            else:
                self._complaints.put(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._ended()

    def until(self, pattern: str) -> str:
        """What stands in the first group of the pattern, once that is printed."""
        assert self._process.stdout is not None
        while not (found := re.search(pattern, self.printed, re.DOTALL)):
            self.printed += next(self._process.stdout)
        return found[1]

    def complaint(self) -> str:
        """The next line that it complains in."""
        return self._complaints.get(timeout=30)

    def signal(self, given: Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(given)

    def end(self, ending: Signals) -> None:
        """Tell it to stop: it ends with 0, complains of nothing, and leaves no file."""
        self.signal(ending)
        self._process.wait(timeout=30)
        self._ended()
        assert (self._process.returncode, list(self._place.iterdir())) == (0, [])
        assert self._complaints.empty(), self._complaints.get()

    def _ended(self) -> None:
        """Its log is read to the end, and its pipes are closed."""
        self._reading.join()
        self._process.wait()
        for pipe in (self._process.stdout, self._process.stderr):
            assert pipe is not None
            pipe.close()
