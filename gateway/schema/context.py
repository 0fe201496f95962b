"""What every resolver is handed: who asks, the rooms below, and this request's loaders and deadline."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from graphql import OperationDefinitionNode

from gateway.errors import BadUserInput
from gateway.numbers.cursor import Signer
from gateway.schema.authority import Asker
from gateway.schema.shared_answers import SharedAnswers
from gateway.sections import LimitSettings
from gateway.upstream.cache import Cache
from gateway.upstream.changes import Hub
from gateway.upstream.clock import Clock
from gateway.upstream.documents import Documents
from gateway.upstream.errand import FOREVER, Errand
from gateway.upstream.estimate import Estimates
from gateway.upstream.events import Events
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
        cache: Cache,
        inventory: Inventory,
        lookups: Lookups,
        events: Events,
        hub: Hub,
        documents: Documents,
        estimates: Estimates,
        signer: Signer,
        limits: LimitSettings,
        clock: Clock,
        sdl: str = "",
    ) -> None:
        self.callers = callers
        self.cache = cache
        self.inventory = inventory
        self.lookups = lookups
        self.events = events
        self.hub = hub
        self.documents = documents
        self.estimates = estimates
        self.signer = signer
        self.limits = limits
        self.clock = clock
        self.sdl = sdl
        self.answers = SharedAnswers(clock)


class Context:
    """What lives as long as one request.

    ``takes_parts``: the client accepts an answer in parts. ``as_text``: the answer's data is only to be encoded, so its
    parts may be JSON text already (``msgspec.Raw``). ``after`` is the cursor that a client resumes a stream with, beside
    what its document says; ``cursor`` is that of the answer which a stream has just come to. ``operation`` is what of
    the document runs, once that is known; ``alone``: it has one root field, beside which none asks. ``resolved``: what
    the root's fields gave already, by their names in the answer; a failure is an exception, and what is written is
    ``msgspec.Raw``.
    """

    def __init__(
        self,
        rooms: Rooms,
        asker: Asker,
        *,
        takes_parts: bool = False,
        as_text: bool = False,
        after: str | None = None,
        begun: Callable[[], object] = lambda: None,
    ) -> None:
        self.rooms = rooms
        self.asker = asker
        self.takes_parts = takes_parts
        self.as_text = as_text
        self.after = after
        self.begun = begun
        self.cursor: str | None = None
        self.operation: OperationDefinitionNode | None = None
        self.alone = False
        self.resolved: Mapping[str, Any] | None = None
        self.renew()

    def renew(self) -> None:
        """Begin anew, with all the time there is: a stream whose answers are its own does so for each of them."""
        self.loaders = Loaders(self.rooms.lookups)
        self._deadline = self.rooms.clock.monotonic() + self.rooms.limits.deadline
        self._errands: list[Errand] = []

    def errand(self, max_staleness: timedelta | None = None) -> Errand:
        """One field's work, under this request's deadline."""
        errand = Errand(self.rooms.clock, self._deadline, max_staleness, client=self.asker.name)
        self._errands.append(errand)
        return errand

    @property
    def upstream_calls(self) -> int:
        """What this request has cost until now."""
        return sum(errand.calls.total() for errand in self._errands)

    @property
    def until(self) -> datetime | None:
        """How long everything that this request was given counts as fresh; None when it was given nothing that ages."""
        shortest = min((errand.until for errand in self._errands), default=FOREVER)
        return None if shortest == FOREVER else shortest

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
