"""One request out, one bounded answer in: the narrow place where aiohttp stands."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Protocol, Self

import aiohttp
from aiohttp.abc import AbstractResolver
from multidict import CIMultiDict
from yarl import URL

from gateway.errors import (
    TOO_MUCH,
    SourceBadAnswer,
    SourceError,
    SourceMisconfigured,
    SourceTimeout,
    SourceTooLarge,
    SourceUnavailable,
)
from gateway.providers.protocol import Request, Response
from gateway.upstream.resolving import PrivateAddress
from gateway.upstream.unpacking import TAKEN, Unpacker

BYTES_AT_MOST = 32 * 1024 * 1024
"""Decompressed bytes of one answer; aiohttp itself has no bound. 10,000 CallGear rows are about 2 MB."""


LARGE = 4 * 1024 * 1024
"""Bytes from which on an answer is read to its end before the next large one of the same host is."""


class Transport(Protocol):
    """Moves one signed request and reads the answer in full."""

    async def send(self, request: Request, seconds: float) -> Response:
        """The answer.

        Raises:
            SourceTimeout: it was not complete within ``seconds``.
            SourceUnavailable: there was no connection, or it broke.
            SourceTooLarge: the answer is longer than what is read.
            SourceBadAnswer: it is not HTTP, or its encoding is broken.
            SourceMisconfigured: the request cannot be written: the URL or a credential is malformed.
        """
        ...


class HttpTransport:
    """Transport over aiohttp: no redirects, no cookies, no proxies from the environment."""

    def __init__(self, session: aiohttp.ClientSession, now: Callable[[], datetime]) -> None:
        self._session = session
        self._now = now
        self._large: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    @classmethod
    def open(cls, now: Callable[[], datetime], resolver: AbstractResolver | None = None) -> Self:
        """A transport with its own session; call within a running loop, and ``close`` at the end."""
        # how many at once is each source's own setting
        connector = aiohttp.TCPConnector(limit=0, ttl_dns_cache=60, resolver=resolver)
        session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            timeout=aiohttp.ClientTimeout(total=None),
            headers={"user-agent": "numbers-gateway", "accept-encoding": TAKEN},
            auto_decompress=False,
        )
        return cls(session, now)

    async def close(self) -> None:
        """Give the sockets back."""
        await self._session.close()

    async def send(self, request: Request, seconds: float) -> Response:
        """The answer, read while it streams and no further than the bound."""
        try:
            async with asyncio.timeout(seconds):
                return await self._exchange(request)
        except TimeoutError:
            msg = f"No complete answer within {seconds:.3g} seconds."
            raise SourceTimeout(msg, reason=TOO_MUCH) from None
        except (aiohttp.ClientPayloadError, aiohttp.http.HttpProcessingError, aiohttp.ClientResponseError):
            msg = "The answer is not readable HTTP: it is cut short, or its encoding is broken."
            raise SourceBadAnswer(msg) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _unsent(error) from None

    async def _exchange(self, request: Request) -> Response:
        url, alone = URL(request.url, encoded=True), AsyncExitStack()
        async with (
            alone,
            self._session.request(
                request.method,
                url,
                headers=CIMultiDict(request.headers),
                data=request.body or None,
                allow_redirects=False,
            ) as answer,
        ):
            unpacker = Unpacker(answer.headers.get("content-encoding", "").strip().lower())
            chunks: list[bytes] = []
            size = 0
            alone.callback(chunks.clear)  # an error outlives this call, and its frames with it
            async for arrived in answer.content.iter_any():
                for chunk in unpacker.pieces(arrived):
                    if size <= LARGE < size + len(chunk):
                        await alone.enter_async_context(self._large[url.raw_authority])
                    chunks.append(chunk)  # one block that grows would leave holes in memory that nothing fits into
                    size += len(chunk)
                    if size > BYTES_AT_MOST:
                        msg = f"The answer is longer than {BYTES_AT_MOST} bytes."
                        raise SourceTooLarge(msg, reason=TOO_MUCH)
            unpacker.end()
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return Response(answer.status, headers, b"".join(chunks), self._now())


def _unsent(error: Exception) -> SourceError:
    """Why there is no answer at all. A certificate that is not trusted is a ValueError too, and no malformed URL."""
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, PrivateAddress):
        return SourceMisconfigured(str(error.os_error))
    malformed = (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError)
    if isinstance(error, malformed) or not isinstance(error, aiohttp.ClientError | OSError):
        return SourceMisconfigured("The request cannot be written: check this source's base_url and credentials.")
    return SourceUnavailable(f"The source cannot be reached ({type(error).__name__}).")
