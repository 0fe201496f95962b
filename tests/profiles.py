"""How thorough the tests are: ``HYPOTHESIS_PROFILE=nightly`` makes ten times as many examples, or more."""

import os

from hypothesis import settings

NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
FACTOR = 10 if NIGHTLY else 1


def examples(normal: int, nightly: int | None = None) -> int:
    """So many examples; ``nightly`` of them, or ten times as many, in the nightly profile."""
    return nightly if NIGHTLY and nightly is not None else normal * FACTOR


def load() -> None:
    """Let the tests that name no number of examples make that multiple too; none is measured by the clock."""
    usual = settings.get_profile("default").max_examples
    settings.register_profile("chosen", max_examples=examples(usual), deadline=None)
    settings.load_profile("chosen")
