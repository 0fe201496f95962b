"""The page for browsers: GraphiQL where it has been built, else a small console; neither asks another host."""

import hashlib
import os
import re
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

GRAPHIQL = Path(__file__).with_name("graphiql")
"""What ``sh scripts/console`` builds: a page, and its assets under names that change with what they hold."""

CONSOLE = Path(__file__).with_name("console.html").read_text(encoding="utf-8")

GUARDED = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
GRAPHIQL_POLICY = (
    # the editor measures its text with styles it makes; its icons and fonts are within its style sheets
    "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self' 'unsafe-inline'; "
    f"font-src 'self' data:; img-src 'self' data:; connect-src 'self'; {GUARDED}"
)
ASSET_HEADERS = {
    "cache-control": "public, max-age=31536000, immutable",
    # a worker has no policy but that of its own script
    "content-security-policy": "default-src 'none'; script-src 'self'; connect-src 'self'",
    "x-content-type-options": "nosniff",
}


class Page(Struct, frozen=True):
    """A whole page, and the headers that are sent with it."""

    html: str
    headers: Mapping[str, str]

    def answer(self, request: Request) -> Response:
        """The page, or 304 for a browser that has it."""
        if self.headers["etag"] in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=self.headers)
        return HTMLResponse(self.html, headers=self.headers)


class Assets(StaticFiles):
    """Files whose names change with what they hold: a browser asks for each of them once."""

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """One file, or 304."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers.update(ASSET_HEADERS)
        return response


def browser_page(built: Path) -> Page:
    """GraphiQL from that folder; the console when nothing was built there."""
    try:
        return _page((built / "index.html").read_text(encoding="utf-8"), GRAPHIQL_POLICY)
    except FileNotFoundError:
        inline = f"script-src {_digest('script')}; style-src {_digest('style')}"
        return _page(CONSOLE, f"default-src 'none'; {inline}; connect-src 'self'; {GUARDED}")


def asset_routes(built: Path) -> list[Mount]:
    """Where the files of GraphiQL are served; none when nothing was built in that folder."""
    assets = built / "assets"
    return [Mount("/graphiql/assets", Assets(directory=assets))] if assets.is_dir() else []


def _page(html: str, policy: str) -> Page:
    headers = {
        "cache-control": "no-cache",
        "content-security-policy": policy,
        "etag": f'"{hashlib.sha256(html.encode()).hexdigest()[:32]}"',
        "referrer-policy": "no-referrer",
        "vary": "accept",
        "x-content-type-options": "nosniff",
    }
    return Page(html, headers)


def _digest(tag: str) -> str:
    """A content security policy's name for an inline block (CSP 3, 2.3.1)."""
    block = re.search(f"<{tag}>(.*?)</{tag}>", CONSOLE, re.DOTALL)
    assert block is not None
    return f"'sha256-{b64encode(hashlib.sha256(block[1].encode()).digest()).decode()}'"


PAGE = browser_page(GRAPHIQL)
