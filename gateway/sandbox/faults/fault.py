"""What a fault is: a name, a meaning, and what it makes of an answer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from gateway.sandbox.exchange import Answer, Call, Errand
from gateway.sandbox.simulator import Simulator


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Where a fault happens: at which provider, to which call."""

    simulator: Simulator
    call: Call


Act: TypeAlias = Callable[[Answer, Scene], Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One named failure.

    `instead` faults keep the provider from doing its work at all, so that nothing is charged or issued; the others change the
    answer it gave. `providers` and `errands` are where the fault can happen; empty means anywhere.
    """

    name: str
    meaning: str
    act: Act
    instead: bool = False
    providers: tuple[str, ...] = ()
    errands: tuple[Errand, ...] = ()

    def happens_at(self, provider: str) -> bool:
        """Tell whether the provider can fail like this."""
        return not self.providers or provider in self.providers

    def happens_on(self, errand: Errand) -> bool:
        """Tell whether a call for this purpose can fail like this."""
        return not self.errands or errand in self.errands
