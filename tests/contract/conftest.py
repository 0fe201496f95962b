"""What the contract suite takes from the room that waits: a rig around one source."""

from tests.upstream.conftest import rig

__all__ = ["rig"]
