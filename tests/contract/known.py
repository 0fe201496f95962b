"""What is known to be wrong still, in one place: each entry is an expected failure, and fails the suite once it is mended."""

from collections.abc import Iterable
from typing import Any

import pytest

from tests.contract.truth import NAMES

KNOWN: dict[tuple[str, str], str] = {
    ("clamped, counts its page", "callgear"): "two lies at once about a total that is documented are believed",
}
"""By what goes wrong and the provider: why the list is not the true one."""


def cases(pairs: Iterable[tuple[str, str]]) -> list[Any]:
    """Pairs of a source and what goes wrong there, as parameters of a test."""
    return [
        pytest.param(name, wrong, marks=[pytest.mark.xfail(reason=reason)] if reason else [])
        for name, wrong in pairs
        for reason in [KNOWN.get((wrong, NAMES[name]))]
    ]
