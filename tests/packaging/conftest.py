"""A clone of the scripts for each test."""

from pathlib import Path

import pytest

from tests.packaging.clone import Clone, make_clone


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """A clone in which nothing was started."""
    return make_clone(tmp_path)
