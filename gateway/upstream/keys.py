"""The names under which answers are kept: adapter and version, place, purpose, and a digest of the unsigned request.

A name holds neither a secret nor a number. It begins with the source's scope, so that all of a source can be forgotten.
"""

import hashlib
from collections.abc import Iterable
from functools import lru_cache

import msgspec
from pydantic import SecretStr

from gateway.numbers.blocks import Block
from gateway.numbers.e164 import E164
from gateway.numbers.filters import Filter
from gateway.providers.protocol import Lists, Request, Source, SourceSettings

NUMBER = "number"
"""The purpose of what was said of one number."""


def key_of(source: Source, request: Request, purpose: str) -> str:
    """The cache key of an unsigned request at a source; requests hold no secret, and keys hold no request."""
    digest = hashlib.blake2b(msgspec.msgpack.encode(request), digest_size=16).hexdigest()
    return f"{scope_of(source)}/{purpose}/{digest}"


def number_key(source: Source, e164: E164) -> str:
    """The key of what a source says of one number. Numbers are personal data: it holds a digest."""
    return key_of(source, Request("LOOK-UP", e164), NUMBER)


@lru_cache(4096)
def whole_key(source: Lists, pushed: Filter) -> str:
    """Of everything that a source holds of a filter; filters of which it is told the same share what was read."""
    return key_of(source, source.ask(Block(0, source.paging.size), pushed), "whole")


def scope_of_key(key: str) -> str:
    """The scope that a key begins with."""
    return key.rsplit("/", 2)[0]


def source_of_key(key: str) -> str:
    """The name of the source whose answer is kept under a key."""
    return key.split("/", 3)[2]


@lru_cache(1024)
def scope_of(source: Source) -> str:
    """What every key of a source begins with. Places and credentials of one name in two gateways never share."""
    return f"{source.slug}/{source.version}/{source.name}/{_place(source.settings)}"


def make_scopes(sources: Iterable[Source]) -> None:
    """Make what is kept of each source's scope, which takes milliseconds each, before somebody waits for it; in a thread."""
    for source in sources:
        scope_of(source)


@lru_cache(1024)
def _place(settings: SourceSettings) -> str:
    """A digest of place and credentials that takes milliseconds to make: a key is no help in guessing a password."""
    own = sorted(type(settings).model_fields.keys() - SourceSettings.model_fields.keys())
    told = msgspec.json.encode([(name, _bare(getattr(settings, name))) for name in own])
    return hashlib.scrypt(told, salt=settings.provider.encode(), n=2**12, r=8, p=1, dklen=8).hex()


def _bare(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else repr(value)
