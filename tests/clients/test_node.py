"""How the real clients are installed and run: once for each lock file, never by two at a time, and told when missing."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.clients.node import HERE, Node, install, programs, ready
from tests.packaging.clone import program

TELLING = """#!/bin/sh
# Told to be npm, makes the folder and tells it line by line.
mkdir -p node_modules && echo "$@" >>told
"""


def speaking(folder: Path, said: str) -> str:
    """A PATH with a Node.js of that version, and an npm."""
    program(folder / "node", f"#!/bin/sh\necho {said}\n")
    program(folder / "npm", TELLING)
    return str(folder)


def test_without_node_it_is_said_how_to_get_it(tmp_path: Path) -> None:
    """Nothing on the PATH: the sentence names what to install."""
    assert "apt-get install nodejs npm" in programs(str(tmp_path))
    with pytest.raises(pytest.skip.Exception, match="apt-get install nodejs npm"):
        ready(str(tmp_path))


def test_without_npm_it_is_said_too(tmp_path: Path) -> None:
    """Node.js alone cannot install the clients."""
    path = speaking(tmp_path, "v18.20.4")
    (tmp_path / "npm").unlink()
    assert "need node and npm" in programs(path)


@pytest.mark.parametrize("said", ["v17.9.1", "v8.0.0", "what?"])
def test_an_old_node_is_told(tmp_path: Path, said: str) -> None:
    """A Node.js without ``fetch`` is named with its version."""
    path = speaking(tmp_path, said)
    assert programs(path) == f"the real clients need Node.js 18 or newer, and {tmp_path}/node is {said}"


@pytest.mark.parametrize("said", ["v18.20.4", "v20.20.2", "v100.0.0"])
def test_a_new_one_is_taken(tmp_path: Path, said: str) -> None:
    """Both programs are found."""
    assert programs(speaking(tmp_path, said)) == (f"{tmp_path}/node", f"{tmp_path}/npm")


def test_it_is_installed_once_for_a_lock_file(tmp_path: Path) -> None:
    """Of several at once one installs; a changed lock file is installed anew; nothing but what is locked is installed."""
    npm = str(program(tmp_path / "npm", TELLING))
    lock = tmp_path / "package-lock.json"
    lock.write_text("{}")
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda _: install(npm, tmp_path), range(4)))
    assert (tmp_path / "told").read_text() == "ci --ignore-scripts --prefer-offline\n"
    lock.write_text('{"changed": true}')
    install(npm, tmp_path)
    assert (tmp_path / "told").read_text().count("ci ") == 2


def test_a_script_that_fails_is_told(tmp_path: Path) -> None:
    """What it wrote stands in the failure."""
    failing = Node(str(program(tmp_path / "node", "#!/bin/sh\necho so far\necho broken >&2\nexit 3\n")))
    with pytest.raises(AssertionError, match="ended with 3: so far\nbroken"):
        failing.run("audits.js")


def test_what_is_locked_names_no_host_and_has_checksums() -> None:
    """Every package has its version and checksum; where they come from is the affair of whoever installs."""
    lock = json.loads((HERE / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: held for name, held in lock["packages"].items() if name}
    assert len(packages) > 30
    assert [name for name, held in packages.items() if not held.get("integrity") or "resolved" in held] == []
    wanted = json.loads((HERE / "package.json").read_text(encoding="utf-8"))["devDependencies"]
    assert {name: packages[f"node_modules/{name}"]["version"] for name in wanted} == wanted
