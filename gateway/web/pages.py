"""The page for browsers: a small console that needs no build and asks no other host."""

import hashlib
import re
from base64 import b64encode
from pathlib import Path

CONSOLE = Path(__file__).with_name("console.html").read_text(encoding="utf-8")


def _digest(tag: str) -> str:
    """A content security policy's name for an inline block (CSP 3, 2.3.1)."""
    block = re.search(f"<{tag}>(.*?)</{tag}>", CONSOLE, re.DOTALL)
    assert block is not None
    return f"'sha256-{b64encode(hashlib.sha256(block[1].encode()).digest()).decode()}'"


CONSOLE_HEADERS = {
    "content-security-policy": f"default-src 'none'; script-src {_digest('script')}; style-src {_digest('style')}; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "vary": "accept",
}
