"""What a document would cost to work on, counted in one pass before anything is validated.

A fragment is counted once, however often it is spread, so the work grows with the document's length and not with the
number of fields it stands for; that number is counted all the same, as far as ``MOST``.
"""

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)

from gateway.errors import DocumentTooComplex
from gateway.sections import LimitSettings

MOST = 2**31 - 1
"""Where counting ends."""


class Measure(NamedTuple):
    """An operation with its fragments written out: how deep, and how many of each."""

    depth: int = 0
    fields: int = 0
    root_fields: int = 0
    aliases: int = 0
    directives: int = 0


NOTHING = Measure()

MENDS = {
    "depth": ("is {} fields deep", "ask for less within one another"),
    "fields": ("has {} fields", "ask for fewer, or spread fragments less often"),
    "root_fields": ("has {} fields at its root", "ask in several requests, or for many numbers in one field"),
    "aliases": ("has {} aliases", "ask in several requests, or for many numbers in one field"),
    "directives": ("has {} directives", "use fewer"),
}
"""For each count how it is told, and what to do about it."""


def check(document: DocumentNode, limits: LimitSettings) -> None:
    """Refuse a document of which some operation is too much.

    Raises:
        DocumentTooComplex: it has too many definitions, or an operation is beyond a limit; the first one is told.
        GraphQLError: a fragment spreads itself, which has no end (GraphQL, 5.5.2.2).
    """
    count = len(document.definitions)
    if count > limits.document_definitions:
        msg = f"The document has {count} operations and fragments; {limits.document_definitions} is the limit: leave out what is not used."
        raise DocumentTooComplex(msg)
    for measured in measure(document):
        for name, (told, mend) in MENDS.items():
            number, limit = getattr(measured, name), getattr(limits, name)
            if number > limit:
                shown = f"at least {MOST}" if number == MOST else str(number)
                msg = f"The operation {told.format(shown)}, its fragments written out; {limit} is the limit: {mend}."
                raise DocumentTooComplex(msg)


def measure(document: DocumentNode) -> Iterator[Measure]:
    """Each operation's measure, in the order of the document. Spreads of unknown fragments count as nothing.

    Raises:
        GraphQLError: a fragment spreads itself.
    """
    fragments = {part.name.value: part for part in document.definitions if isinstance(part, FragmentDefinitionNode)}
    known: dict[str, Measure] = {}
    for name in _bottom_up(fragments):
        known[name] = _with_own(fragments[name], known)
    for part in document.definitions:
        if isinstance(part, OperationDefinitionNode):
            yield _with_own(part, known)


def _bottom_up(fragments: Mapping[str, FragmentDefinitionNode]) -> Iterator[str]:
    """The fragments' names, each after those that it spreads."""
    graph = {name: [spread for spread in _spreads(part) if spread in fragments] for name, part in fragments.items()}
    try:
        yield from TopologicalSorter(graph).static_order()
    except CycleError as error:
        cycle = error.args[1]
        via = " via " + ", ".join(f'"{name}"' for name in cycle[1:-1]) if cycle[1:-1] else ""
        msg = f'Cannot spread fragment "{cycle[0]}" within itself{via}.'
        raise GraphQLError(msg, fragments[cycle[0]]) from None


def _spreads(part: FragmentDefinitionNode) -> Iterator[str]:
    open_sets: list[SelectionSetNode] = [part.selection_set]
    while open_sets:
        for selection in open_sets.pop().selections:
            if isinstance(selection, FragmentSpreadNode):
                yield selection.name.value
            elif (below := _below(selection)) is not None:
                open_sets.append(below)


def _below(selection: SelectionNode) -> SelectionSetNode | None:
    held: SelectionSetNode | None = getattr(selection, "selection_set", None)
    return held


def _with_own(part: OperationDefinitionNode | FragmentDefinitionNode, known: Mapping[str, Measure]) -> Measure:
    """What is selected, and the directives of the definition and its variables."""
    variables = part.variable_definitions or ()
    own = len(part.directives or ()) + sum(len(variable.directives or ()) for variable in variables)
    selected = _selected(part.selection_set, known)
    return selected._replace(directives=min(selected.directives + own, MOST))


def _selected(chosen: SelectionSetNode | None, known: Mapping[str, Measure]) -> Measure:
    """The recursion is as deep as one definition is, which the parser bounds."""
    if chosen is None:
        return NOTHING
    depth = fields = roots = aliases = directives = 0
    for selection in chosen.selections:
        if isinstance(selection, FragmentSpreadNode):
            below = known.get(selection.name.value, NOTHING)
        else:
            below = _selected(_below(selection), known)
        is_field = isinstance(selection, FieldNode)
        depth = max(depth, below.depth + is_field)
        fields += below.fields + is_field
        roots += 1 if is_field else below.root_fields
        aliases += below.aliases + (getattr(selection, "alias", None) is not None)
        directives += below.directives + len(selection.directives or ())
    return Measure(depth, min(fields, MOST), min(roots, MOST), min(aliases, MOST), min(directives, MOST))
