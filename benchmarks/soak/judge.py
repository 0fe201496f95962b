"""Whether answers are right, as far as that can be known while lists change, and which codes the others carried."""

from collections import Counter
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from benchmarks.simulated import Identity
from gateway import errors


def _leaves(kind: type[errors.GatewayError]) -> Iterable[str]:
    if "code" in vars(kind):  # what only groups others has the code of what nobody foresaw
        yield kind.code
    for below in kind.__subclasses__():
        yield from _leaves(below)


EXPECTED = {
    *_leaves(errors.SourceError),
    errors.AllSourcesFailed.code,
    errors.CursorExpired.code,
    errors.Overloaded.code,
    errors.RateLimited.code,
}
"""What a well-formed question may be answered with while sources fail."""


@dataclass
class Judge:
    """What was answered. ``places`` are the pages that claim to be whole, ``lookups`` what sources said of numbers."""

    answers: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    pages: list[list[Identity]] = field(default_factory=list)
    lookups: set[tuple[Identity, bool]] = field(default_factory=set)

    def hears(self, kind: str, status: int, answer: dict[str, Any]) -> dict[str, Any]:
        """Any answer: it has data, or an expected code; its data."""
        self.answers[kind] += 1
        told = [error.get("extensions", {}).get("code") for error in answer.get("errors", ())]
        self.codes.update(told)
        data = answer.get("data") or {}
        if not set(told) <= EXPECTED or (not data and not told) or (status != 200 and not told):  # noqa: PLR2004 - OK
            self.wrong.append(f"{kind}: HTTP {status}, {told}")
        return data

    def page(self, found: dict[str, Any]) -> None:
        """A page in the order of numbers: ordered, once each, and whole where it says so."""
        nodes = [(node["source"]["name"], node["e164"][1:]) for node in found["nodes"]]
        if nodes != sorted(nodes, key=lambda one: (one[1], nodes.index(one))) or len(set(nodes)) < len(nodes):
            self.wrong.append(f"page: out of order, or a number twice: {nodes}")
        failed = [report for report in found["sources"] if report["status"] == "FAILED"]
        self.codes.update(report["error"]["code"] for report in found["sources"] if report["error"])
        if failed and found["complete"]:
            self.wrong.append("page: it calls itself complete, and a source failed")
        if found["complete"] and not any(report["rowsSkipped"] for report in found["sources"]):
            self.pages.append(nodes)

    def lookup(self, found: dict[str, Any]) -> None:
        """What every source said of one number."""
        for outcome in found["outcomes"]:
            if outcome["error"]:
                self.codes[outcome["error"]["code"]] += 1
            else:
                identity = (outcome["source"]["name"], found["e164"][1:])
                self.lookups.add((identity, outcome["result"] == "FOUND"))

    def verdict(self, stable: AbstractSet[Identity], ever: AbstractSet[Identity]) -> list[str]:
        """What was wrong, now that it is known which numbers were there all the time, and which at any."""
        order = sorted(stable, key=lambda one: one[1])
        for nodes in self.pages:
            self.wrong += [f"page: {one} was never there" for one in nodes if one not in ever]
            digits = {one[1] for one in nodes}
            within = [one for one in order if digits and min(digits) < one[1] < max(digits)]
            self.wrong += [f"page: {one} is missing" for one in set(within) - set(nodes)]
        for identity, found in self.lookups:
            if found and identity not in ever:
                self.wrong.append(f"look-up: {identity} was found, and was never there")
            if not found and identity in stable:
                self.wrong.append(f"look-up: {identity} was not found, and was there all the time")
        return self.wrong
