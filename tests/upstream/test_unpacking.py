"""Compressed answers: what is taken, what is broken, and that every piece is small."""

import gzip
import zlib

import pytest

from gateway.errors import SourceBadAnswer, SourceTooLarge
from gateway.sandbox.faults.encodings import gzip_bomb
from gateway.upstream.unpacking import HARMLESS, PIECE, RATIO, Unpacker

TEXT = b'{"numbers": ["+441245123456", "+12056350001"]}' * 5000
BARE = zlib.compressobj(wbits=-zlib.MAX_WBITS)
PACKED = {
    "": TEXT,
    "identity": TEXT,
    "gzip": gzip.compress(TEXT),
    "x-gzip": gzip.compress(TEXT),
    "deflate": zlib.compress(TEXT),
}


def unpacked(encoding: str, body: bytes, step: int = 1000) -> list[bytes]:
    """The pieces of a body that arrives in steps."""
    unpacker = Unpacker(encoding)
    pieces = [piece for at in range(0, len(body), step) for piece in unpacker.pieces(body[at : at + step])]
    unpacker.end()
    return pieces


@pytest.mark.parametrize("step", [1, 1000, 1_000_000])
@pytest.mark.parametrize("encoding", PACKED)
def test_what_is_packed_comes_out_in_small_pieces(encoding: str, step: int) -> None:
    """However it arrives; only what is not packed keeps its own pieces."""
    pieces = unpacked(encoding, PACKED[encoding], step)
    assert b"".join(pieces) == TEXT
    assert max(map(len, pieces)) <= max(PIECE, step * (encoding in {"", "identity"}))


def test_bare_deflate_is_taken() -> None:
    """Some servers leave zlib's frame out (RFC 9110, 8.4.1.2)."""
    assert b"".join(unpacked("deflate", BARE.compress(TEXT) + BARE.flush())) == TEXT


@pytest.mark.parametrize("encoding", PACKED)
def test_nothing_is_nothing(encoding: str) -> None:
    """An empty body is empty, whatever its header says."""
    assert unpacked(encoding, b"") == []


def test_what_follows_the_end_is_left() -> None:
    """Behind the end there is nothing to unpack."""
    assert b"".join(unpacked("gzip", PACKED["gzip"] + b"more", 10)) == TEXT


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", b"\x1f\x8bnot gzip"),
        ("gzip", TEXT),
        ("gzip", PACKED["gzip"][:-1]),
        ("deflate", b"\xff\xff"),
        ("deflate", PACKED["deflate"][:-5]),
        ("br", b"x"),
        ("gzip, gzip", gzip.compress(PACKED["gzip"])),
    ],
)
def test_what_is_broken_is_a_bad_answer(encoding: str, body: bytes) -> None:
    """Garbage, what is cut short, and what nobody asked for."""
    with pytest.raises(SourceBadAnswer):
        unpacked(encoding, body)


def test_a_bomb_is_given_up_early() -> None:
    """As soon as the ratio is beyond anything honest, and not before it matters."""
    unpacker, taken = Unpacker("gzip"), 0
    with pytest.raises(SourceTooLarge, match=f"more than {RATIO} times"):  # noqa: PT012 - what came before it counts
        for piece in unpacker.pieces(gzip_bomb(64 * HARMLESS)[:20_000]):
            taken += len(piece)
    assert HARMLESS - PIECE <= taken <= max(HARMLESS, 20_000 * RATIO)
    assert len(b"".join(unpacked("gzip", gzip.compress(b" " * HARMLESS)))) == HARMLESS
