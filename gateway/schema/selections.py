"""What an operation selects, fragments written out: found once for all who ask it."""

import weakref
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from graphql import (
    DefinitionNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

ROWS = frozenset({"nodes", "edges", "records"})
"""Fields that hold a list of records."""

OTHERS = "alsoAt"
"""The field that holds the other sources' records of a number."""

Fields: TypeAlias = Mapping[str, Sequence[FieldNode]]
"""Fields by the name of their answer: those of one name are one."""

Lists: TypeAlias = tuple[tuple[str, "Lists"], ...]
"""Fields that hold lists of records, each with those within it."""


class Selections:
    """What is selected; conditions are taken to hold, and every type to be met."""

    def __init__(self, parts: Iterable[DefinitionNode]) -> None:
        self._below: dict[tuple[int, ...], Fields] = {}
        self._lists: dict[tuple[int, ...], Lists] = {}
        self._mentions: dict[tuple[object, ...], bool] = {}
        self._fragments = {
            part.name.value: part.selection_set for part in parts if isinstance(part, FragmentDefinitionNode)
        }

    def fields(self, chosen: Iterable[SelectionSetNode]) -> Fields:
        """The fields of selection sets together."""
        found: dict[str, list[FieldNode]] = defaultdict(list)
        for selections in chosen:
            self._collect(selections, found)
        return found

    def lists(self, nodes: Sequence[FieldNode]) -> Lists:
        """The lists of records within fields that are one; what stands between them is left out."""
        marks = _marks(nodes)
        held = self._lists.get(marks)
        if held is None:
            found: list[tuple[str, Lists]] = []
            for inner in self.below(nodes).values():
                name, within = inner[0].name.value, self.lists(inner)
                found += [(name, within)] if name in ROWS or name == OTHERS else within
            held = self._lists[marks] = tuple(found)
        return held

    def mentions(self, nodes: Sequence[FieldNode], name: str) -> bool:
        """Whether a field of that name is selected anywhere within fields that are one."""
        mark = (name, *_marks(nodes))
        held = self._mentions.get(mark)
        if held is None:
            below = self.below(nodes).values()
            held = any(inner[0].name.value == name or self.mentions(inner, name) for inner in below)
            self._mentions[mark] = held
        return held

    def below(self, nodes: Sequence[FieldNode]) -> Fields:
        """The fields within fields that are one."""
        marks = _marks(nodes)
        held = self._below.get(marks)
        if held is None:
            held = self.fields(node.selection_set for node in nodes if node.selection_set is not None)
            self._below[marks] = held
        return held

    def _collect(self, chosen: SelectionSetNode, found: dict[str, list[FieldNode]]) -> None:
        for held in chosen.selections:
            if isinstance(held, FieldNode):
                found[(held.alias or held.name).value].append(held)
            elif isinstance(held, FragmentSpreadNode):
                self._collect(self._fragments[held.name.value], found)
            else:
                self._collect(held.selection_set, found)  # type: ignore[attr-defined]  # an inline fragment


def _marks(nodes: Sequence[FieldNode]) -> tuple[int, ...]:
    """Nodes are the document's, and live as long as it."""
    return tuple(map(id, nodes))


_KNOWN: dict[int, Selections] = {}
"""By the operation's identity, for as long as it is remembered: its hash is made of all that it holds."""


def selections_of(operation: OperationDefinitionNode, parts: Iterable[DefinitionNode]) -> Selections:
    """What an operation selects, the same for all who ask it; its document's parts have the fragments."""
    held = _KNOWN.get(id(operation))
    if held is None:
        held = _KNOWN[id(operation)] = Selections(parts)
        weakref.finalize(operation, _KNOWN.pop, id(operation))
    return held
