"""JSON Web Tokens: signed by a configured issuer (RFC 7519), with the keys that it publishes (RFC 7517)."""

import asyncio
import logging
import time
from contextlib import suppress
from pathlib import Path

import jwt

from gateway.errors import SourceError, Unauthenticated
from gateway.providers.protocol import Request
from gateway.sections import TokenSettings
from gateway.upstream.client import Transport

logger = logging.getLogger(__name__)

FRESH_SECONDS = 300.0
"""After so long the keys are fetched anew."""

PAUSE_SECONDS = 10.0
"""Between two fetches at least, however many tokens name a key that is not known."""

FETCH_SECONDS = 5.0
"""For the keys to arrive."""

LEEWAY_SECONDS = 10
"""By which the issuer's clock may differ."""

REFUSED = "This token is not taken ({}): ask its issuer for a new one."


class Tokens:
    """Tells whose a token is; its keys are fetched beside, so that nobody waits for the issuer."""

    def __init__(self, settings: TokenSettings, pause: float = PAUSE_SECONDS) -> None:
        self._settings = settings
        self._pause = pause
        self._keys: dict[str | None, jwt.PyJWK] = {}
        self._wanted = asyncio.Event()

    def client_of(self, token: str) -> str:
        """The name in the claim that names clients.

        Raises:
            Unauthenticated: it is not signed by a known key, not for us, over, or names nobody.
        """
        held = self._settings
        try:
            key = self._key_of(jwt.get_unverified_header(token).get("kid"))
            claims = jwt.decode(
                token,
                key,
                algorithms=list(held.algorithms),
                issuer=held.issuer,
                audience=held.audience,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iss", "aud", held.client_claim]},
            )
        except jwt.PyJWTError as error:
            raise Unauthenticated(REFUSED.format(type(error).__name__.removesuffix("Error"))) from None
        return str(claims[held.client_claim])

    @staticmethod
    def left(token: str) -> float | None:
        """Seconds until a token that was taken ends, a second at least; None where it is no token but a key."""
        try:
            ends = jwt.decode(token, options={"verify_signature": False}).get("exp")
        except jwt.PyJWTError:
            return None
        return max(1.0, ends + LEEWAY_SECONDS - time.time()) if isinstance(ends, int | float) else None

    def _key_of(self, name: str | None) -> jwt.PyJWK:
        if name not in self._keys:
            self._wanted.set()
            msg = "the issuer has published no such key"
            raise jwt.InvalidKeyError(msg)
        return self._keys[name]

    async def keep_fresh(self, transport: Transport) -> None:
        """Fetch the keys every few minutes, and soon after a token names one that is not known; never ends."""
        while True:
            self._wanted.clear()
            await asyncio.sleep(self._pause)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wanted.wait(), FRESH_SECONDS)
            await self.fetch(transport)

    async def fetch(self, transport: Transport) -> None:
        """Read the keys from their file or address; where that fails those at hand stay."""
        try:
            text = await self._text(transport)
            keys = jwt.PyJWKSet.from_json(text).keys
        except (OSError, SourceError, ValueError, jwt.PyJWTError) as error:
            logger.warning("the keys of %s cannot be read: %s", self._settings.jwks, error)
            return
        self._keys = {key.key_id: key for key in keys}

    async def _text(self, transport: Transport) -> str:
        place = self._settings.jwks
        if not place.startswith(("https://", "http://")):
            return (await asyncio.to_thread(Path(place).read_bytes)).decode()
        answer = await transport.send(Request("GET", place, (("accept", "application/json"),)), FETCH_SECONDS)
        if answer.status != 200:  # noqa: PLR2004 - OK
            msg = f"HTTP {answer.status}"
            raise ValueError(msg)
        return answer.body.decode()
