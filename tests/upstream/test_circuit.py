"""The circuit breaker, driven as a state machine against the plainest model of it."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from gateway.upstream.circuit import LONGEST_PAUSE, WINDOW, Circuit, State, Ticket

CALLS, SHARE, PAUSE = 4, 0.5, 5.0


class Model(RuleBasedStateMachine):
    """Remembers every outcome since the last change, and decides from the rules as they are written."""

    tickets = Bundle("tickets")

    def __init__(self) -> None:
        super().__init__()
        self.circuit = Circuit(calls=CALLS, share=SHARE, pause=PAUSE)
        self.now = 0.0
        self.state = State.CLOSED
        self.outcomes: list[tuple[float, bool]] = []
        self.open_until = 0.0
        self.pause = PAUSE
        self.probe: Ticket | None = None
        self.valid: list[Ticket] = []

    @rule(seconds=st.sampled_from([0.0, 0.5, 4.5, PAUSE, WINDOW, LONGEST_PAUSE]))
    def time_passes(self, seconds: float) -> None:
        """Nobody asks for a while."""
        self.now += seconds

    @rule(target=tickets)
    def ask(self) -> object:
        """A call wants to be made: only a closed circuit lets all through, and after the pause one."""
        refused = self.circuit.refuses(self.now)
        ticket = self.circuit.admit(self.now)
        assert refused is (ticket is None)
        if self.state is State.OPEN and self.now >= self.open_until:
            self.become(State.HALF_OPEN)
        may = self.state is State.CLOSED or (self.state is State.HALF_OPEN and self.probe is None)
        assert (ticket is not None) is may
        if ticket is None:
            return multiple()
        self.valid.append(ticket)
        if self.state is State.HALF_OPEN:
            self.probe = ticket
        return ticket

    @rule(ticket=consumes(tickets))
    def succeed(self, ticket: Ticket) -> None:
        """A call ended well; the probe closes the circuit."""
        self.circuit.succeeded(ticket, self.now)
        if not self.counts(ticket):
            return
        if self.state is State.HALF_OPEN:
            self.pause = PAUSE
            self.become(State.CLOSED)
        else:
            self.outcomes.append((self.now, False))

    @rule(ticket=consumes(tickets))
    def fail(self, ticket: Ticket) -> None:
        """A call failed: the probe's failure opens the circuit for twice as long, others once they are many enough."""
        self.circuit.failed(ticket, self.now)
        if not self.counts(ticket):
            return
        if self.state is State.HALF_OPEN:
            self.pause = min(2 * self.pause, LONGEST_PAUSE)
            self.open()
            return
        self.outcomes.append((self.now, True))
        recent = [bad for at, bad in self.outcomes if at > self.now - WINDOW]
        if len(recent) >= CALLS and sum(recent) >= SHARE * len(recent):
            self.open()

    @rule(ticket=consumes(tickets))
    def abandon(self, ticket: Ticket) -> None:
        """A caller left: nothing is learned, and the place of a probe is free again."""
        self.circuit.abandoned(ticket)
        self.probe = None if self.counts(ticket) else self.probe

    def counts(self, ticket: Ticket) -> bool:
        """Whether the ticket was given since the last change; tickets of one time may be equal."""
        return ticket in self.valid

    def open(self) -> None:
        """Leave the source alone from now on."""
        self.open_until = self.now + self.pause
        self.become(State.OPEN)

    def become(self, state: State) -> None:
        """Forget what was before."""
        self.state, self.outcomes, self.probe, self.valid = state, [], None, []

    @invariant()
    def agrees(self) -> None:
        """The circuit is in the model's state, and says how long it stays open."""
        assert self.circuit.state is self.state
        left = max(self.open_until - self.now, 0.0) if self.state is State.OPEN else 0.0
        assert self.circuit.remaining(self.now) == left


def test_it_does_what_the_model_does() -> None:
    """Whatever is asked and answered in whatever order, circuit and model agree after every step."""
    run_state_machine_as_test(Model, settings=settings(max_examples=150, stateful_step_count=40, deadline=None))


def test_a_pause_that_is_set_long_is_kept() -> None:
    """A pause longer than the longest doubled one is never shortened by a probe that fails."""
    circuit = Circuit(calls=1, share=1.0, pause=2 * LONGEST_PAUSE)
    for now in (0.0, 1000.0):
        circuit.failed(admitted(circuit, now), now)
        assert circuit.remaining(now) == 2 * LONGEST_PAUSE


def admitted(circuit: Circuit, now: float) -> Ticket:
    """Leave that must be given."""
    ticket = circuit.admit(now)
    assert ticket is not None
    return ticket


def test_a_good_probe_makes_the_next_pause_short_again() -> None:
    """Pauses grow from probe to failing probe, and begin anew once a probe went well."""
    circuit = Circuit(calls=1, share=1.0, pause=PAUSE)
    for now, well, pause in ((0.0, False, 5.0), (100.0, False, 10.0), (200.0, True, 0.0), (201.0, False, 5.0)):
        end = circuit.succeeded if well else circuit.failed
        end(admitted(circuit, now), now)
        assert circuit.remaining(now) == pause


def test_a_late_leaver_frees_no_probe() -> None:
    """Who left a call from before the circuit opened does not make room for a second probe."""
    circuit = Circuit(calls=1, share=1.0, pause=PAUSE)
    early, failing = admitted(circuit, 0.0), admitted(circuit, 0.0)
    circuit.failed(failing, 0.0)
    admitted(circuit, PAUSE)
    circuit.abandoned(early)
    assert circuit.admit(PAUSE) is None


def test_what_comes_late_counts_for_nothing() -> None:
    """Whoever left before the circuit changed tells nothing of what it is now: each end, closed, open and half open."""
    for ending in ("succeed", "fail", "abandon"):
        model = Model()
        early, late = model.ask(), model.ask()
        for ticket in (early, *(model.ask() for _ in range(CALLS))):
            model.fail(ticket)
        getattr(model, ending)(late)
        model.agrees()
        model.time_passes(PAUSE)
        for outcome in (model.abandon, model.fail):
            outcome(model.ask())
            model.agrees()
            model.time_passes(2 * PAUSE)
        model.succeed(model.ask())
        model.succeed(model.ask())
        model.agrees()
