"""The exception tree: as drawn, with one stable code a leaf."""

import inspect
import re
from collections.abc import Iterator

import pytest

from gateway import errors
from gateway.errors import AllSourcesFailed, GatewayError, SourceError, SourceTimeout, forget_frames

SOURCE_CODES = {
    "SOURCE_TIMEOUT": True,
    "SOURCE_UNAVAILABLE": True,
    "SOURCE_RATE_LIMITED": True,
    "SOURCE_AUTH_FAILED": False,
    "SOURCE_FORBIDDEN": False,
    "SOURCE_MISCONFIGURED": False,
    "SOURCE_BAD_ANSWER": True,
    "SOURCE_TOO_LARGE": False,
    "SOURCE_CIRCUIT_OPEN": True,
}
"""The contract's ErrorCode, and whether the same question may succeed later without anybody mending anything."""


def branches(kind: type[GatewayError]) -> Iterator[type[GatewayError]]:
    """A class of this module and all under it."""
    yield kind
    for child in [child for child in kind.__subclasses__() if child.__module__ == errors.__name__]:
        yield from branches(child)


KINDS = list(branches(GatewayError))
LEAVES = [kind for kind in KINDS if list(branches(kind)) == [kind]]


def drawn() -> dict[str, tuple[str, str]]:
    """The tree of the docstring: each name's parent, and its code where one is drawn."""
    tree: dict[str, tuple[str, str]] = {}
    above: list[str] = []
    for line in inspect.getdoc(errors).splitlines():  # type: ignore[union-attr] # the module has one
        met = re.match(r"^(?P<bars>[ │├└─]*)(?P<name>[A-Z][a-z]\w+)(?:\s+(?P<code>[A-Z_]{5,}))?", line)
        if met is None or "tree" in line:
            continue
        depth = len(met["bars"]) // 4 - 1 if above else 0
        del above[depth:]
        tree[met["name"]] = (above[-1] if above else "", met["code"] or "")
        above.append(met["name"])
    return tree


def test_the_tree_is_as_drawn() -> None:
    """The docstring's tree names every class under its parent, and no other."""
    parents = {kind.__name__: kind.__base__.__name__ for kind in KINDS if kind.__base__ is not None}
    assert {name: parent for name, (parent, _) in drawn().items()} == parents | {"GatewayError": ""}


def test_the_drawn_codes_are_the_codes() -> None:
    """Each code in the drawing is its class's."""
    codes = {kind.__name__: kind.code for kind in KINDS}
    said = {name: code for name, (_, code) in drawn().items() if code}
    assert len(said) == 23
    assert said == {name: codes[name] for name in said}


def test_every_leaf_has_a_code_of_its_own() -> None:
    """No two leaves share a code, and none has the one for what nobody can name."""
    codes = [kind.code for kind in LEAVES]
    assert len(set(codes)) == len(codes)
    assert GatewayError.code == "INTERNAL_SERVER_ERROR"
    assert GatewayError.code not in codes


def test_source_errors_are_the_contract_s() -> None:
    """The codes of a source's errors are the contract's, and each says whether asking again can help."""
    said = {kind.code: kind.retryable for kind in LEAVES if issubclass(kind, SourceError)}
    assert said == SOURCE_CODES


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_says_what_it_is(kind: type[GatewayError]) -> None:
    """Each class has a docstring of its own."""
    assert kind.__doc__ != (kind.__base__.__doc__ if kind.__base__ else None)


def test_a_source_error_carries_the_wait_and_the_reason() -> None:
    """The message, the provider's own word and the wait it asked for."""
    error = SourceTimeout("late", retry_after_ms=5000, reason="slow")
    assert (str(error), error.message, error.retry_after_ms, error.reason) == ("late", "late", 5000, "slow")
    assert (SourceTimeout("late").retry_after_ms, SourceTimeout("late").reason) == (None, "")


def test_all_sources_failed_names_them_in_order() -> None:
    """The message names each source and what went wrong there."""
    error = AllSourcesFailed({"b": SourceTimeout("Late."), "a": SourceTimeout("Later.")})
    assert str(error) == "None of the asked sources could be read. a: Later; b: Late."


def raised(error: BaseException) -> BaseException:
    """The error after it was raised, with the frames it passed."""
    with pytest.raises(type(error)):
        raise error
    assert error.__traceback__ is not None
    return error


def test_frames_are_forgotten() -> None:
    """Those of an error and of the errors that led to it, which are told all the same."""
    first, second, third = raised(KeyError()), raised(TimeoutError()), raised(SourceTimeout("late"))
    second.__context__, third.__cause__ = first, second
    forget_frames(third)
    assert [one.__traceback__ for one in (first, second, third)] == [None] * 3
    assert third.__cause__ is second
