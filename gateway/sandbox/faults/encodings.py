"""Faults of headers and encodings around a sound body."""

import zlib
from dataclasses import replace
from functools import lru_cache

from gateway.sandbox.exchange import Answer
from gateway.sandbox.faults.fault import Act, Fault, Scene

PIECE = 1_048_576
GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
OVERSIZED = 65_536
"""Bytes of the oversized header."""


@lru_cache(maxsize=4)
def gzip_bomb(size: int) -> bytes:
    """Return a gzip stream of at least `size` spaces, made by repeating one compressed piece."""
    packer = zlib.compressobj(level=9, wbits=-zlib.MAX_WBITS)
    spaces = b" " * PIECE
    piece = packer.compress(spaces) + packer.flush(zlib.Z_FULL_FLUSH)
    count = -(-size // PIECE)
    checksum = 0
    for _ in range(count):
        checksum = zlib.crc32(spaces, checksum)
    length = count * PIECE % 2**32
    return GZIP_HEADER + piece * count + packer.flush() + checksum.to_bytes(4, "little") + length.to_bytes(4, "little")


def _bomb(answer: Answer, scene: Scene) -> Answer:
    body = gzip_bomb(scene.simulator.knobs.huge_bytes)
    return replace(answer, body=body, headers=(*answer.headers, ("content-encoding", "gzip")))


def _bad_gzip(answer: Answer, _: Scene) -> Answer:
    return replace(answer, body=b"\x1f\x8bnot gzip", headers=(*answer.headers, ("content-encoding", "gzip")))


def _utf16(answer: Answer, _: Scene) -> Answer:
    return replace(answer, body=answer.encoded().decode().encode("utf-16"))


def _byte_order_mark(answer: Answer, _: Scene) -> Answer:
    return replace(answer, body=b"\xef\xbb\xbf" + answer.encoded())


def _typed(media_type: str) -> Act:
    def act(answer: Answer, _: Scene) -> Answer:
        return replace(answer, media_type=media_type)

    return act


def _header(name: str, value: str) -> Act:
    def act(answer: Answer, _: Scene) -> Answer:
        return replace(answer, headers=(*answer.headers, (name, value)))

    return act


ENCODINGS = tuple(
    Fault(name=name, meaning=meaning, act=act)
    for name, act, meaning in (
        ("utf16", _utf16, "The body in UTF-16."),
        ("bom", _byte_order_mark, "A byte order mark before the body."),
        ("gzip_bomb", _bomb, "A small gzip body that unpacks to `huge_bytes`."),
        ("bad_gzip", _bad_gzip, "A body that says it is gzip and is not."),
        ("wrong_content_type", _typed("text/plain"), "JSON called text/plain."),
        ("no_content_type", _typed(""), "JSON without a Content-Type."),
        ("cookies", _header("set-cookie", "session=1; Path=/; HttpOnly"), "A cookie with the answer."),
        ("oversized_headers", _header("x-padding", "x" * OVERSIZED), "A header of 64 KiB."),
    )
)
