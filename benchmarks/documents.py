"""Generated documents within the limits, each read and validated; the worst processor time of one (``python -m benchmarks.documents``)."""

import gc
import random
import sys
import time
from collections.abc import Callable

from graphql import GraphQLError, GraphQLSchema, specified_rules

from gateway.errors import DocumentTooComplex
from gateway.schema.documents import Documents
from gateway.schema.graph import make_schema
from gateway.schema.limits import measure
from gateway.sections import LimitSettings

Family = Callable[[random.Random], str]

LEAVES = ["id", "e164", "isValid", "asOf", "stale", "rawStatus", "country", "colour", "__typename", "provider"]
BRANCHES = ["alsoAt", "source", "health", "location", "details", "pricing", "PhoneNumber"]
ARGUMENTS = ["", "(first: 1)", "(first: 2)", '(after: "x")', "(filter: {country: null})", "(e164: 5)", "(fist: 1)"]
DIRECTIVES = ["", "", "", "@include(if: true)", "@skip(if: $no)", "@unknown"]
TYPES = ["PhoneNumber", "Node", "Query", "WebexDetails", "ProviderDetails", "Source", "Nothing"]


def anything(dice: random.Random) -> str:
    """Fields, arguments, fragments and directives at random, many of them wrong."""
    names = [f"F{k}" for k in range(dice.randint(0, 20))]

    def chosen(depth: int, spreadable: list[str]) -> str:
        parts = []
        for _ in range(dice.randint(1, 8)):
            kind = dice.choice(["branch", "inline", "spread", "leaf", "leaf"])
            if depth and kind == "branch":
                parts.append(f"{dice.choice(BRANCHES)} {{ {chosen(depth - 1, spreadable)} }}")
            elif depth and kind == "inline":
                parts.append(f"... on {dice.choice(TYPES)} {{ {chosen(depth - 1, spreadable)} }}")
            elif spreadable and kind == "spread":
                parts.append(f"...{dice.choice(spreadable)}")
            else:
                parts.append(dice.choice(LEAVES) + dice.choice(ARGUMENTS) + dice.choice(DIRECTIVES))
        return " ".join(parts)

    query = f"{{ phoneNumbers {{ nodes {{ {chosen(3, names)} }} }} }}"
    fragments = [
        f"fragment {name} on {dice.choice(TYPES)} {{ {chosen(1, names[k + 1 :])} }}" for k, name in enumerate(names)
    ]
    return query + " " + " ".join(fragments)


def repeated(dice: random.Random) -> str:
    """The same fields again and again, which are compared pair by pair."""
    field = dice.choice(
        ["id", "alsoAt { id }", "alsoAt { alsoAt { id e164 } }", "source { name }", "details { __typename }"]
    )
    count = dice.randint(10, 1900 // len(field.replace("{", " { ").replace("}", " } ").split()))
    return "{ phoneNumbers { nodes { " + f"{field} " * count + "} } }"


def in_fragments(dice: random.Random) -> str:
    """The same fields in inline fragments within one another."""
    width, inner = dice.randint(2, 40), dice.choice(["id", "alsoAt { id }", "id e164 stale", "... { id }"])
    level = f"... {{ {inner} }} " * width
    return (
        "{ phoneNumbers { nodes { "
        + f"... on PhoneNumber {{ {level} }} " * dice.randint(1, 1900 // (8 * width))
        + "} } }"
    )


def in_circles(dice: random.Random) -> str:
    """Fragments that all spread the later ones: every pair of them is compared."""
    count = dice.randint(2, 50)
    fragments = []
    for k in range(count):
        later = " ".join(f"...F{j}" for j in range(k + 1, min(count, k + 1 + dice.randint(1, 12))))
        fragments.append(f"fragment F{k} on PhoneNumber {{ id {later} }}")
    return "{ phoneNumbers { nodes { ...F0 } } } " + " ".join(fragments)


def mistaken(dice: random.Random) -> str:
    """Many unknown names: for each the nearest ones would be looked for."""
    names = ["".join(dice.choices("phoneNumbrsE", k=dice.randint(1, 30))) for _ in range(dice.randint(1, 1500))]
    return "{ phoneNumbers { nodes { " + " ".join(names) + " } } }"


def valued(dice: random.Random) -> str:
    """Long values and many variables."""
    count = dice.randint(1, 250)
    variables = " ".join(f"$v{k}: {dice.choice(['Int', 'String', 'E164!', 'PhoneNumberFilter'])}" for k in range(count))
    numbers = " ".join(f'"+1{k:010d}"' for k in range(dice.randint(1, 700)))
    return f"query ({variables}) {{ phoneNumbersByE164(e164s: [{numbers}]) {{ e164 }} }}"


def nested_values(dice: random.Random) -> str:
    """Filters within filters."""
    depth = dice.randint(1, 60)
    return "{ phoneNumbers(filter: " + "{not: " * depth + "{e164: {in: []}}" + "}" * depth + ") { complete } }"


LONG, AGAIN = 0.05, 4
"""Seconds from which a document is measured so many times more, and its least time counts: the rest is the machine's."""

FAMILIES: list[Family] = [anything, repeated, in_fragments, in_circles, mistaken, valued, nested_values]


def seconds(
    document: str, schema: GraphQLSchema, limits: LimitSettings, outcomes: dict[str, int]
) -> tuple[float, float]:
    """Processor time of reading and validating a document, and of counting it."""
    begun, held = time.process_time(), None
    try:
        held = Documents(limits).read(document)
        outcome = "invalid" if held.faults(schema, tuple(specified_rules), explorable=True) else "valid"
    except DocumentTooComplex:
        outcome = "refused"
    except GraphQLError:
        outcome = "no GraphQL"
    taken = time.process_time() - begun
    outcomes[outcome] = outcomes.get(outcome, 0) + 1
    if held is None:
        return taken, 0.0
    begun = time.process_time()
    list(measure(held.node))
    return taken, time.process_time() - begun


def main(count: int, seed: int = 1) -> None:
    """Measure that many documents."""
    dice, schema, limits = random.Random(seed), make_schema()._schema, LimitSettings()  # noqa: S311, SLF001 - no secret; graphql-core's schema
    gc.collect()
    gc.freeze()  # as ``gateway serve`` does
    outcomes: dict[str, int] = {}
    worst: dict[str, tuple[float, float]] = {}
    for _ in range(count):
        family = dice.choice(FAMILIES)
        document = family(dice)
        taken = seconds(document, schema, limits, outcomes)
        if taken[0] > LONG:
            again = [seconds(document, schema, limits, {}) for _ in range(AGAIN)]
            taken = min(taken, *again)
        before = worst.get(family.__name__, (0.0, 0.0))
        worst[family.__name__] = (max(before[0], taken[0]), max(before[1], taken[1]))
    sys.stdout.write(f"{count} documents: {outcomes}\n")
    for name, (whole, counting) in sorted(worst.items()):
        sys.stdout.write(f"{name:14} worst {whole * 1000:6.1f} ms, of it counting {counting * 1000:.2f} ms\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 20_000)
