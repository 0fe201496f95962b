"""Compressed answers, unpacked piece by piece, so that a small one can never become a large block of memory at once."""

import zlib
from collections.abc import Iterator

from gateway.errors import SourceBadAnswer, SourceTooLarge

PIECE = 64 * 1024
"""Bytes of one piece at most."""

RATIO = 100
"""How many times larger than what arrived an answer may become. JSON of telephone numbers becomes 10 to 20 times larger."""

HARMLESS = 1024 * 1024
"""Bytes up to which no ratio matters."""

TAKEN = "gzip, deflate"
"""What is asked for in ``Accept-Encoding``."""

_BROKEN = "The answer is not readable HTTP: its encoding is broken, or none that was asked for."


class Unpacker:
    """Unpacks one answer of a content encoding, in lower case; "" and "identity" leave it as it is.

    Raises:
        SourceBadAnswer: the encoding is none that was asked for.
    """

    def __init__(self, encoding: str) -> None:
        if encoding not in {"", "identity", "gzip", "x-gzip", "deflate"}:
            raise SourceBadAnswer(_BROKEN)
        self._deflates = encoding == "deflate"
        self._packed = encoding not in {"", "identity"}
        if self._packed:
            self._inner = zlib.decompressobj(zlib.MAX_WBITS | 32)  # gzip or zlib, as it says itself
        self._came = 0
        self._went = 0

    def pieces(self, chunk: bytes) -> Iterator[bytes]:
        """What a chunk that arrived becomes, in small pieces.

        Raises:
            SourceBadAnswer: it is not of its encoding.
            SourceTooLarge: it becomes larger by more than any honest answer does.
        """
        if not self._packed:
            yield chunk
            return
        if self._deflates and not self._came and chunk[0] & 0x0F != zlib.DEFLATED:
            self._inner = zlib.decompressobj(-zlib.MAX_WBITS)  # some send it bare (RFC 9110, 8.4.1.2)
        self._came += len(chunk)
        while chunk and not self._inner.eof:
            piece = self._unpacked(chunk)
            self._went += len(piece)
            if self._went > max(HARMLESS, RATIO * self._came):
                msg = f"The answer becomes more than {RATIO} times larger when it is unpacked."
                raise SourceTooLarge(msg)
            yield piece
            chunk = self._inner.unconsumed_tail

    def end(self) -> None:
        """Nothing more arrives.

        Raises:
            SourceBadAnswer: something is missing.
        """
        if self._packed and self._came and not self._inner.eof:
            raise SourceBadAnswer(_BROKEN)

    def _unpacked(self, chunk: bytes) -> bytes:
        try:
            return self._inner.decompress(chunk, PIECE)
        except zlib.error:
            raise SourceBadAnswer(_BROKEN) from None
