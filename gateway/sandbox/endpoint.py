"""One provider's mount: each call is logged, churned, delayed, answered, spoilt and delivered, in that order."""

import asyncio

from starlette.types import Receive, Scope, Send

from gateway.sandbox.delivery import BROKEN, deliver
from gateway.sandbox.exchange import Answer, Call, Delivery, Errand, read_call
from gateway.sandbox.faults import FAULTS
from gateway.sandbox.faults.fault import Fault, Scene
from gateway.sandbox.journal import Journal
from gateway.sandbox.simulator import Simulator


class Endpoint:
    """The ASGI application of one simulator."""

    def __init__(self, simulator: Simulator, journal: Journal) -> None:
        self.simulator = simulator
        self.journal = journal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        call = await read_call(scope, receive)
        simulator, knobs = self.simulator, self.simulator.knobs
        errand = simulator.errand(call)
        fault = self._fault(errand)
        entry = self.journal.open(
            simulator.name,
            call,
            errand=errand,
            fault=fault.name if fault else None,
            at=simulator.clock.now(),
        )
        if knobs.latency:
            await asyncio.sleep(knobs.latency)
        answer = self._answer(call, errand, fault)
        if answer.delivery is not Delivery.HANG:
            entry.status = 0 if answer.delivery in BROKEN else answer.status
        await deliver(answer, receive, send, knobs.drip_interval)

    def _answer(self, call: Call, errand: Errand, fault: Fault | None) -> Answer:
        simulator = self.simulator
        if simulator.knobs.churn and errand in {Errand.LIST, Errand.LOOKUP}:
            simulator.churn(simulator.knobs.churn)
        answer = Answer() if fault and fault.instead else simulator.limited(call)
        return fault.act(answer, Scene(simulator=simulator, call=call)) if fault else answer

    def _fault(self, errand: Errand) -> Fault | None:
        """Choose the failure of a call, if it has one, and count it."""
        knobs = self.simulator.knobs
        if knobs.hang:
            return FAULTS["hang"]
        if knobs.fault is None or knobs.fault_on not in {"any", errand}:
            return None
        fault = FAULTS[knobs.fault]
        if not fault.happens_on(errand) or self.simulator.random.random() >= knobs.fault_share:
            return None
        if knobs.fault_next is not None:
            if not knobs.fault_next:
                return None
            knobs.fault_next -= 1
        return fault
