"""Every failure that the simulators can show, by name."""

from gateway.sandbox.faults.bodies import BODIES
from gateway.sandbox.faults.dialects import DIALECTS
from gateway.sandbox.faults.encodings import ENCODINGS
from gateway.sandbox.faults.fault import Fault
from gateway.sandbox.faults.rows import ROWS
from gateway.sandbox.faults.statuses import STATUSES
from gateway.sandbox.faults.wire import WIRE

FAULTS: dict[str, Fault] = {fault.name: fault for fault in (*WIRE, *STATUSES, *BODIES, *ENCODINGS, *ROWS, *DIALECTS)}
"""The table that `fault` chooses from."""


def faults_of(provider: str) -> list[str]:
    """Return the names of the failures that a provider (`8x8`, `webex`, `cloudlx`, `callgear`) can show."""
    return [name for name, fault in FAULTS.items() if fault.happens_at(provider)]
