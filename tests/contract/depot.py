"""The server of the made-up provider: one list behind a key."""

import asyncio
from collections.abc import Sequence
from urllib.parse import parse_qsl, urlsplit

from tests.upstream.servers import Heard, Respond, answer

KEY = "open-sesame"
NUMBERS = [f"+4930{number * 7919 % 100_000:07d}" for number in range(250)]
"""What the depot holds, in no order of numbers."""


def depot(numbers: Sequence[str] = NUMBERS, most: int = 10_000) -> Respond:
    """Answers windows of the numbers; ``most`` clamps them."""
    rows = [{"tel": tel, "state": "free", "colour": ("red", "blue")[place % 2]} for place, tel in enumerate(numbers)]

    async def respond(heard: Heard, writer: asyncio.StreamWriter) -> None:
        url = urlsplit(heard.target)
        asked = {name: int(value) for name, value in parse_qsl(url.query)}
        if heard.headers.get("authorization") != f"Bearer {KEY}":
            writer.write(answer({"error": "who are you?"}, 401))
        elif url.path != "/numbers":
            writer.write(answer({"error": "where is that?"}, 404))
        else:
            window = rows[asked["from"] : asked["from"] + min(asked["most"], most)]
            writer.write(answer({"items": window, "count": len(rows)}))

    return respond
