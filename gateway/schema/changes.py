"""What differs between two schemas, weighed by what it does to the clients of the older one."""

from graphql import GraphQLError, build_schema
from graphql.utilities import BreakingChange, DangerousChange, SchemaChange, find_schema_changes


def changes(kept: str, current: str) -> list[str]:
    """One line for each change from one schema to the other, both in the schema definition language, the worst first.

    Breaking changes fail documents that were valid, dangerous ones may surprise their programs, safe ones do neither.

    Raises:
        ValueError: the older one is no schema.
    """
    try:
        older = build_schema(kept)
    except (GraphQLError, TypeError) as error:
        msg = f"is not a GraphQL schema ({str(error).partition(chr(10))[0]})"
        raise ValueError(msg) from error
    found = find_schema_changes(older, build_schema(current))
    return sorted(f"{_word(change):9} {change.description}" for change in found)  # B, D, s: the worst stands first


def _word(change: SchemaChange) -> str:
    if isinstance(change, BreakingChange):
        return "BREAKING"
    return "DANGEROUS" if isinstance(change, DangerousChange) else "safe"
