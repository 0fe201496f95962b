"""The page for browsers: who gets it, what it may load, and what its examples ask."""

import hashlib
import re
from base64 import b64encode
from pathlib import Path

import pytest

from gateway.web.pages import CONSOLE, PAGE, browser_page
from tests.schema.gateways import JSON, Client

CONSOLE_HEADERS = browser_page(Path("/nothing built")).headers
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


def examples() -> dict[str, str]:
    """The documents that the page offers, by their names."""
    return dict(re.findall(r'"([^"\n]+)": `([^`]+)`', CONSOLE))


def test_a_browser_gets_the_page(web: Client) -> None:
    """A GET that names text/html and asks nothing gets HTML, which caches tell from data; who has it gets 304."""
    reply = web.send("GET", "/graphql", {"accept": BROWSER})
    assert (reply.status, reply.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert reply.content.decode() == PAGE.html
    assert {name: reply.headers[name] for name in PAGE.headers} == PAGE.headers
    again = web.send("GET", "/graphql", {"accept": BROWSER, "if-none-match": reply.headers["etag"]})
    assert (again.status, again.content, again.headers["etag"]) == (304, b"", reply.headers["etag"])


@pytest.mark.parametrize("accept", ["*/*", JSON, f"{JSON}, text/html;q=0.5", ""])
def test_programs_get_data(web: Client, accept: str) -> None:
    """Without text/html in Accept, a GET without a query is a mistake that is told in JSON."""
    reply = web.send("GET", "/graphql", {"accept": accept} if accept else {})
    assert (reply.status, reply.headers["content-type"]) == (400, "application/json; charset=utf-8")
    assert reply.codes == ["BAD_USER_INPUT"]


def test_a_browser_that_asks_gets_data(web: Client) -> None:
    """A link with a query in it shows the answer, also in a browser; a POST never gets the page."""
    assert web.send("GET", "/graphql?query={__typename}", {"accept": BROWSER}).data == {"__typename": "Query"}
    assert web.post(b'{"query": "{ __typename }"}', BROWSER).data == {"__typename": "Query"}


@pytest.mark.parametrize("tag", ["script", "style"])
def test_the_policy_names_exactly_what_is_in_the_page(tag: str) -> None:
    """The hash in the content security policy is that of the page's one inline block of that kind."""
    [block] = re.findall(f"<{tag}[^>]*>(.*?)</{tag}>", CONSOLE, re.DOTALL)
    digest = b64encode(hashlib.sha256(block.encode()).digest()).decode()
    assert f"{tag}-src 'sha256-{digest}';" in CONSOLE_HEADERS["content-security-policy"]


def test_the_page_asks_no_other_host() -> None:
    """No address of another host, nothing that is loaded, no handlers or styles within tags; the policy forbids them."""
    assert re.findall(r"(?:https?:)?//[\w.-]+\.\w", CONSOLE) == []
    assert re.findall(r"<(?:link|img|iframe|script src|base|form)\b", CONSOLE) == []
    assert re.findall(r"\s(?:on\w+|style|src)=", CONSOLE) == []
    policy = CONSOLE_HEADERS["content-security-policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert "connect-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy


def test_there_are_examples() -> None:
    """The page offers several documents, one of each kind of question."""
    assert list(examples()) == ["All providers", "A page and its sources", "Next page", "Look-up", "Sources"]


@pytest.mark.parametrize("name", examples())
def test_every_example_is_answered(web: Client, name: str) -> None:
    """What the page offers runs as it stands and gives something."""
    data = web.ask(examples()[name]).data
    [held] = data.values()
    assert held
    assert held if isinstance(held, list) else held.get("nodes") or held.get("edges") or held.get("records")
