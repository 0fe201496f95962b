"""GraphiQL as it is served: its page, its files, and the documents in its tabs. A browser opens it in tests/browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette

from gateway.serving import bind, running, url_of
from gateway.web.pages import ASSET_HEADERS, CONSOLE, GRAPHIQL_POLICY, asset_routes, browser_page
from tests.schema.gateways import Client

TABS = sorted((Path(__file__).parents[2] / "console" / "tabs").glob("*.graphql"))


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A folder as ``sh scripts/console`` leaves it, with one small script."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "main-B4d5.js").write_text("let built\n")
    (tmp_path / "index.html").write_text("<!doctype html><title>built</title>\n")
    return tmp_path


@pytest.fixture
def assets(built: Path) -> Iterator[Client]:
    """A server of those files."""
    bound = bind("127.0.0.1", 0)
    with running(Starlette(routes=asset_routes(built)), bound):
        yield Client(url_of(bound))


def test_what_is_built_is_the_page(built: Path) -> None:
    """GraphiQL stands before the console, under a policy that lets no script run but the gateway's own files."""
    page = browser_page(built)
    assert page.html == "<!doctype html><title>built</title>\n"
    assert page.headers["content-security-policy"] == GRAPHIQL_POLICY
    assert "script-src 'self';" in GRAPHIQL_POLICY
    assert "unsafe-eval" not in GRAPHIQL_POLICY
    assert "http" not in GRAPHIQL_POLICY


def test_without_a_build_the_console_says_how_to_build(tmp_path: Path) -> None:
    """The console stands in, names the one command, and there are no files to serve."""
    assert browser_page(tmp_path).html == CONSOLE
    assert asset_routes(tmp_path) == []
    assert "<code>sh scripts/console</code>" in CONSOLE


def test_pages_are_told_apart(built: Path, tmp_path: Path) -> None:
    """A browser asks each time whether the page has changed, and another page has another tag."""
    page, console = browser_page(built), browser_page(tmp_path / "none")
    assert page.headers["cache-control"] == console.headers["cache-control"] == "no-cache"
    assert page.headers["etag"] != console.headers["etag"]


def test_files_are_asked_for_once(assets: Client) -> None:
    """A file whose name changes with its text is kept for good, has a tag, and says itself what it is."""
    reply = assets.send("GET", "/graphiql/assets/main-B4d5.js")
    assert (reply.status, reply.content) == (200, b"let built\n")
    assert reply.headers["content-type"].startswith("text/javascript")
    assert {name: reply.headers[name] for name in ASSET_HEADERS} == ASSET_HEADERS
    again = assets.send("GET", "/graphiql/assets/main-B4d5.js", {"if-none-match": reply.headers["etag"]})
    assert (again.status, again.content) == (304, b"")
    assert again.headers["cache-control"] == reply.headers["cache-control"]


@pytest.mark.parametrize(
    "path", ["/graphiql/assets/gone.js", "/graphiql/assets/", "/graphiql/assets/%2e%2e/index.html"]
)
def test_nothing_else_is_served(assets: Client, path: str) -> None:
    """What is not there, a folder, and what lies outside of it are 404, and kept by nobody."""
    reply = assets.send("GET", path)
    assert (reply.status, "cache-control" in reply.headers) == (404, False)


def test_there_is_a_tab_for_each_kind_of_question() -> None:
    """Every provider's details, a page and a look-up are prepared."""
    assert [path.stem for path in TABS] == [
        "1-every-provider",
        "2-8x8",
        "3-webex",
        "4-cloudlx",
        "5-callgear",
        "6-paging",
        "7-look-up",
    ]


@pytest.mark.parametrize("path", TABS, ids=lambda path: path.stem)
def test_every_tab_is_answered(web: Client, path: Path) -> None:
    """What GraphiQL offers runs as it stands, and brings numbers with their providers' details."""
    [held] = web.ask(path.read_text(encoding="utf-8")).data.values()
    rows = held.get("nodes") or held.get("edges") or held["records"]
    assert rows
    assert all(row.get("details") != {} for row in rows)
