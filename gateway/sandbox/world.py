"""The sandbox as one object: the four simulators, the clock they share and the log of their calls."""

from collections.abc import Mapping

from gateway.sandbox.callgear.api import CallGear
from gateway.sandbox.cloudlx.api import CloudLX
from gateway.sandbox.eight_by_eight.api import EightByEight
from gateway.sandbox.journal import Journal
from gateway.sandbox.simulator import Simulator
from gateway.sandbox.tokens import Clock
from gateway.sandbox.webex.api import Webex


class Sandbox:
    """Everything behind the application; tests in the same process may turn its knobs directly."""

    def __init__(self, seed: int, rows: Mapping[str, int]) -> None:
        self.clock = Clock()
        self.journal = Journal()
        self.eight_by_eight = EightByEight(seed, self.clock, rows.get("8x8"))
        self.webex = Webex(seed, self.clock, rows.get("webex"))
        self.cloudlx = CloudLX(seed, self.clock, rows.get("cloudlx"))
        self.callgear = CallGear(seed, self.clock, rows.get("callgear"))
        self.simulators: dict[str, Simulator] = {
            simulator.name: simulator for simulator in (self.eight_by_eight, self.webex, self.cloudlx, self.callgear)
        }

    def reset(self) -> None:
        """Return everything to the beginning, the clock and the log included."""
        self.clock.reset()
        self.journal.clear()
        for simulator in self.simulators.values():
            simulator.reset()
