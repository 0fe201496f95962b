"""How thorough the tests are: ``HYPOTHESIS_PROFILE=nightly`` makes ten times as many examples."""

import os

from hypothesis import settings

NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
FACTOR = 10 if NIGHTLY else 1


def examples(normal: int) -> int:
    """So many examples, or the multiple of them that the nightly profile makes."""
    return normal * FACTOR


def load() -> None:
    """Let the tests that name no number of examples make that multiple too; none is measured by the clock."""
    usual = settings.get_profile("default").max_examples
    settings.register_profile("chosen", max_examples=examples(usual), deadline=None)
    settings.load_profile("chosen")
