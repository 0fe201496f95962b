"""CallGear's filters, made into one test for a row.

https://callgear.github.io/data_api/#filters: simple filters `{"field", "operator", "value"}` and trees of them
`{"filters", "condition"}`. Fields and operators beyond a method's list are refused.
"""

import re
from collections.abc import Callable, Sequence
from typing import TypeAlias

from gateway.sandbox.callgear.errors import Mnemonic, RpcError
from gateway.sandbox.exchange import Row

Test: TypeAlias = Callable[[Row], bool]

FILTERABLE = frozenset({"phone_number", "category", "location_mnemonic"})
DEEPEST = 10
"""Levels of a tree; the vendor's pages show three."""


def compile_filter(node: object, known: Sequence[str], *, in_allowed: bool, depth: int = 1) -> Test:
    """Return the test that a filter describes; `known` are the fields of the method."""
    if not isinstance(node, dict):
        raise RpcError(Mnemonic.DATA_TYPE_ERROR, "filter", node)
    if "filters" not in node:
        return _simple(node, known, in_allowed=in_allowed)
    _expect(node, frozenset({"filters", "condition"}), frozenset({"filters", "condition"}))
    if node["condition"] not in ("and", "or"):
        raise RpcError(Mnemonic.INVALID_PARAMETER_VALUE, "filter.condition", node["condition"])
    if not isinstance(node["filters"], list):
        raise RpcError(Mnemonic.DATA_TYPE_ERROR, "filter.filters", node["filters"])
    if not node["filters"] or depth >= DEEPEST:
        raise RpcError(Mnemonic.INVALID_PARAMETER_VALUE, "filter.filters")
    tests = [compile_filter(child, known, in_allowed=in_allowed, depth=depth + 1) for child in node["filters"]]
    if node["condition"] == "and":
        return lambda row: all(test(row) for test in tests)
    return lambda row: any(test(row) for test in tests)


def _expect(node: Row, allowed: frozenset[str], required: frozenset[str]) -> None:
    unexpected = sorted(set(node) - allowed)
    if unexpected:
        raise RpcError(Mnemonic.UNEXPECTED_PARAMETERS, f"filter.{unexpected[0]}", node[unexpected[0]])
    missing = sorted(required - set(node))
    if missing:
        raise RpcError(Mnemonic.REQUIRED_PARAMETER_MISSED, f"filter.{missing[0]}")


def _simple(node: Row, known: Sequence[str], *, in_allowed: bool) -> Test:
    _expect(node, frozenset({"field", "operator", "value"}), frozenset({"field", "operator"}))
    field, operator, value = node["field"], node["operator"], node.get("value")
    for name, part in (("field", field), ("operator", operator)):
        if not isinstance(part, str):
            raise RpcError(Mnemonic.DATA_TYPE_ERROR, f"filter.{name}", part)
    if field not in known:
        raise RpcError(Mnemonic.UNEXPECTED_PARAMETERS, "filter.field", field)
    if field not in FILTERABLE:
        raise RpcError(Mnemonic.FILTER_PROHIBITED, "filter.field", field)
    if operator not in OPERATORS or (operator == "in" and not in_allowed):
        raise RpcError(Mnemonic.INVALID_PARAMETER_VALUE, "filter.operator", operator)
    return OPERATORS[str(operator)](str(field), value)


def _equal(field: str, value: object) -> Test:
    if value is not None:
        _text(value)
    return lambda row: row[field] == value


def _different(field: str, value: object) -> Test:
    equal = _equal(field, value)
    return lambda row: not equal(row)


def _like(field: str, value: object) -> Test:
    parts = (re.escape(part) for part in re.split("(%|_)", _text(value)))
    pattern = re.compile("".join({"%": ".*", "_": "."}.get(part, part) for part in parts), re.DOTALL)
    return lambda row: pattern.fullmatch(str(row[field])) is not None


def _regexp(field: str, value: object) -> Test:
    try:
        pattern = re.compile(_text(value))
    except re.error as error:
        raise RpcError(Mnemonic.INVALID_PARAMETER_VALUE, "filter.value", value) from error
    return lambda row: pattern.search(str(row[field])) is not None


def _in(field: str, value: object) -> Test:
    if not isinstance(value, list):
        raise RpcError(Mnemonic.DATA_TYPE_ERROR, "filter.value", value)
    wanted = {_text(item) for item in value}
    return lambda row: row[field] in wanted


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise RpcError(Mnemonic.DATA_TYPE_ERROR, "filter.value", value)
    return value


OPERATORS: dict[str, Callable[[str, object], Test]] = {
    "=": _equal,
    "!=": _different,
    "like": _like,
    "regexp": _regexp,
    "in": _in,
}
"""Operators for strings; `<` and its like are for numbers, and no filterable field here is one."""
