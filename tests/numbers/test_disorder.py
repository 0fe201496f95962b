"""Wherever disorder leads, the next full snapshot ends it: a state machine against what is true at the provider."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from msgspec.structs import replace

from gateway.numbers.changes import ChangeKind
from gateway.numbers.e164 import E164
from gateway.numbers.model import Number
from gateway.numbers.reconcile import Pool
from tests.numbers.telling import X, Y, number, statuses, told


class Disorder(RuleBasedStateMachine):
    """A provider's pool, and a gateway that hears of it in any order, twice, or not at all, with wrong times between."""

    def __init__(self) -> None:
        super().__init__()
        self.minute = 0.0
        self.truth: dict[E164, tuple[float, str]] = {}
        self.sent: list[list[Number]] = []
        self.pool: Pool = {}
        self.heard: dict[str, Number] = {}

    def _row(self, e164: E164) -> Number:
        updated, status = self.truth[e164]
        return number(e164, heard=self.minute, updated=updated, status=status)

    def _hear(self, rows: list[Number], *, replaces: bool = False) -> None:
        heard = [replace(word, origin=number(heard=self.minute).origin) for word in rows]
        self.pool, differences = told(self.pool, *heard, heard=self.minute, replaces=replaces)
        for change in differences:
            assert _status(self.heard.get(change.e164)) == _status(change.previous)
            if change.kind is ChangeKind.REMOVED:
                del self.heard[change.e164]
            else:
                self.heard[change.e164] = change.known

    @rule(e164=st.sampled_from([X, Y, "+651", "+652"]), status=st.sampled_from(["Active", "Unhealthy", "Expiring"]))
    def change(self, e164: E164, status: str) -> None:
        """The provider changes a number, and writes an event that may be sent at once, later or never."""
        self.minute += 1
        self.truth[e164] = (self.minute, status)
        self.sent.append([self._row(e164)])

    @precondition(lambda self: self.truth)
    @rule(chance=st.randoms())
    def release(self, chance: Any) -> None:  # noqa: ANN401 - Hypothesis's random
        """The provider releases a number; no update ever tells that."""
        self.minute += 1
        del self.truth[chance.choice(sorted(self.truth))]

    @precondition(lambda self: self.sent)
    @rule(chance=st.randoms())
    def deliver(self, chance: Any) -> None:  # noqa: ANN401 - Hypothesis's random
        """Any event that was ever written arrives, for the first time or again."""
        self.minute += 1
        self._hear(chance.choice(self.sent))

    @rule(e164=st.sampled_from([X, Y, "+653"]), ahead=st.sampled_from([1.0, 1000.0, 1e7]))
    def deliver_nonsense(self, e164: E164, ahead: float) -> None:
        """An event of a time to come."""
        self.minute += 1
        self._hear([number(e164, updated=self.minute + ahead, status="Nonsense")])

    @rule()
    def snapshot(self) -> None:
        """A full snapshot: whatever was before, the pool is the provider's."""
        self.minute += 1
        rows = [self._row(e164) for e164 in self.truth]
        self.sent.append(rows)
        self._hear(rows, replaces=True)
        assert statuses(self.pool) == {e164: status for e164, (_, status) in self.truth.items()}

    @invariant()
    def who_listens_knows_the_same(self) -> None:
        """The changes, applied one by one, make the pool."""
        shown = {e164: held.number for e164, held in self.pool.items() if held.number is not None}
        assert {e164: word.raw_status for e164, word in self.heard.items()} == statuses(self.pool)
        assert shown.keys() == self.heard.keys()


def _status(word: Number | None) -> str | None:
    return None if word is None else word.raw_status


Disorder.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestDisorder = Disorder.TestCase
