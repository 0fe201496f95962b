"""What every resolver is handed: who asks, the rooms below, and this request's loaders and deadline."""

from collections.abc import Mapping
from datetime import timedelta

from gateway.errors import BadUserInput
from gateway.numbers.cursor import Signer
from gateway.schema.authority import Asker
from gateway.settings import LimitSettings
from gateway.upstream.clock import Clock
from gateway.upstream.errand import Errand
from gateway.upstream.inventory import Inventory
from gateway.upstream.loaders import Loaders
from gateway.upstream.lookups import Lookups
from gateway.upstream.policy import Caller


class Rooms:
    """What lives as long as the process."""

    def __init__(
        self,
        *,
        callers: Mapping[str, Caller],
        inventory: Inventory,
        lookups: Lookups,
        signer: Signer,
        limits: LimitSettings,
        clock: Clock,
    ) -> None:
        self.callers = callers
        self.inventory = inventory
        self.lookups = lookups
        self.signer = signer
        self.limits = limits
        self.clock = clock


class Context:
    """What lives as long as one request.

    ``as_text``: the answer's data is only to be encoded, so its parts may be JSON text already (``msgspec.Raw``).
    """

    def __init__(self, rooms: Rooms, asker: Asker, *, as_text: bool = False) -> None:
        self.rooms = rooms
        self.asker = asker
        self.as_text = as_text
        self.loaders = Loaders(rooms.lookups)
        self._deadline = rooms.clock.monotonic() + rooms.limits.deadline

    def errand(self, max_staleness: timedelta | None = None) -> Errand:
        """One field's work, under this request's deadline."""
        return Errand(self.rooms.clock, self._deadline, max_staleness)

    def visible(self, names: list[str] | None) -> tuple[str, ...]:
        """The named sources, all that the asker sees when none are named; in name order.

        Raises:
            BadUserInput: a name that the asker's gateway does not have.
        """
        if names is None:
            return self.asker.sources
        unknown = sorted(set(names) - set(self.asker.sources))
        if unknown:
            known = ", ".join(self.asker.sources)
            msg = f"There is no source named {', '.join(map(repr, unknown))}; the sources are {known}."
            raise BadUserInput(msg)
        return tuple(name for name in self.asker.sources if name in names)
