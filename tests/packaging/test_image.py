"""The image's recipe: what is promised of the image stands in it. ``sh scripts/image`` builds, starts and asks it."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from gateway.commands.serving import serve
from gateway.commands.simulated import demo
from gateway.sections import StateSettings
from tests.packaging.clone import ROOT, tool

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
BUILDER, FINAL = re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)[1:]


def instructions(stage: str, name: str) -> list[str]:
    """The arguments of every instruction of one kind, in one line each."""
    whole = stage.replace("\\\n", " ")
    return [" ".join(line.split()) for line in re.findall(rf"^{name} (.*)$", whole, re.MULTILINE)]


def check() -> list[str]:
    """The command of the HEALTHCHECK."""
    (line,) = instructions(FINAL, "HEALTHCHECK")
    words: list[str] = json.loads(line.partition(" CMD ")[2])
    return words


def test_the_linter_finds_nothing() -> None:
    """Hadolint knows the traps of Dockerfiles, and of the shell in them."""
    done = subprocess.run([tool("hadolint"), ROOT / "Dockerfile"], capture_output=True, text=True, check=False)  # noqa: S603 - a linter
    assert done.stdout + done.stderr == ""


def test_both_stages_stand_on_one_slim_python() -> None:
    """A virtual environment can be copied only onto the Python that made it; the base can be replaced by an argument."""
    assert [stage.splitlines()[0] for stage in (BUILDER, FINAL)] == ["${PYTHON_IMAGE} AS builder", "${PYTHON_IMAGE}"]
    (base,) = re.findall(r"^ARG PYTHON_IMAGE=(.*)$", DOCKERFILE, re.MULTILINE)
    assert re.fullmatch(r"docker\.io/library/python:3\.1[1-9]-slim-[a-z]+", base)


def test_only_what_is_locked_is_installed() -> None:
    """Packages are installed by checksum and built by nobody; the gateway itself brings none along; pip does not stay."""
    steps = " && ".join(instructions(BUILDER, "RUN")).split(" && ")
    assert [step.partition(" -m ")[2] for step in steps] == [
        "venv /opt/gateway",
        "pip install --require-hashes --only-binary :all: --requirement requirements-image.lock",
        "pip wheel --no-deps --wheel-dir dist .",
        "pip install --no-deps dist/*.whl",
        "pip uninstall --yes pip",
    ]
    assert instructions(FINAL, "COPY") == ["--from=builder /opt/gateway /opt/gateway"]


def test_nothing_is_written_and_nobody_is_root() -> None:
    """The process is uid 10001 by number, Python leaves no bytecode, and the only folder of its own is /state."""
    assert instructions(FINAL, "USER") == ["10001:10001"]
    assert "PYTHONDONTWRITEBYTECODE=1" in instructions(FINAL, "ENV")[0]
    assert instructions(FINAL, "RUN") == ["install --directory --owner=10001 --group=10001 /state"]
    assert instructions(FINAL, "WORKDIR") == ["/state"]
    assert instructions(FINAL, "EXPOSE") == ["8000"]


def test_the_context_is_what_is_copied() -> None:
    """The builder is sent the files that the Dockerfile copies, and no other: no secret, no state, no history."""
    ignored = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    copied = [source for line in instructions(BUILDER, "COPY") for source in line.split()[:-1]]
    assert ignored[0] == "*"
    assert sorted(line[1:] for line in ignored if line.startswith("!")) == sorted(copied)
    assert [source for source in copied if not (ROOT / source).exists()] == []


def test_without_a_command_the_demo_is_served() -> None:
    """The command line takes the default command, and listens where the world outside the container can reach it."""
    entry, command = (json.loads(instructions(FINAL, name)[0]) for name in ("ENTRYPOINT", "CMD"))
    assert (entry, command[0]) == (["gateway"], "demo")
    asked = demo.make_context("demo", command[1:]).params
    assert asked == {"host": "0.0.0.0", "port": 8000, "insecure": True}


def test_what_is_served_for_long_has_a_volume() -> None:
    """The README's command and the recipe's are one: it is a command of the gateway, and its volume is where the store is by default."""
    shown = README.partition("docker run ")[2].partition("```")[0].replace("\\\n", " ").split()
    recipe = " ".join(line.lstrip("# ") for line in DOCKERFILE.splitlines()).replace("\\", " ")
    assert f"docker run {' '.join(shown)} " in " ".join(recipe.split())
    volumes = [shown[place + 1].split(":") for place, word in enumerate(shown) if word == "--volume"]
    asked = serve.make_context("serve", shown[shown.index("serve") + 1 :]).params
    store = Path(*instructions(FINAL, "WORKDIR"), StateSettings().database_url.removeprefix("sqlite:///"))
    assert ["gateway-state", str(store.parent)] in volumes
    assert ["./gateway.toml", str(asked["path"]), "ro"] in volumes


@pytest.fixture(params=[HTTPStatus.OK, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.NOT_FOUND])
def health(request: pytest.FixtureRequest) -> Iterator[tuple[HTTPStatus, int]]:
    """A server whose /health answers with a status; the status and the port."""

    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(request.param if self.path == "/health" else HTTPStatus.NOT_FOUND)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Health) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield request.param, server.server_port
        server.shutdown()
        thread.join()


def healthy(port: int) -> bool:
    """Whether the HEALTHCHECK passes, run as it stands in the Dockerfile, past a proxy that does not exist."""
    name, *words = check()
    assert name == "python"
    variables = {"GATEWAY_SERVER__PORT": str(port), "http_proxy": "http://127.0.0.1:9"}
    done = subprocess.run([sys.executable, *words], env=variables, capture_output=True, check=False)  # noqa: S603 - from our Dockerfile
    return done.returncode == 0


def test_the_health_check_passes_when_health_is_ok(health: tuple[HTTPStatus, int]) -> None:
    """It needs nothing but the image's Python, asks /health at the configured port, and takes only 200 for health."""
    status, port = health
    assert healthy(port) is (status == HTTPStatus.OK)


def test_the_health_check_fails_when_nobody_listens() -> None:
    """A port without a server is no health."""
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        port = server.server_port
    assert not healthy(port)
