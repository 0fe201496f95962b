"""The method `get.available_virtual_numbers`: its parameters, their bounds, sort, selection and pages.

https://callgear.github.io/data_api/vn/get_available_virtual_numbers/
"""

from collections.abc import Callable, Sequence

from gateway.sandbox.callgear.errors import Mnemonic, RpcError
from gateway.sandbox.callgear.filters import compile_filter
from gateway.sandbox.callgear.market import WEIGHTS
from gateway.sandbox.exchange import Row
from gateway.sandbox.knobs import CallGearKnobs
from gateway.sandbox.paging import page, page_size

FIELDS = (
    "phone_number",
    "category",
    "location_mnemonic",
    "location_name",
    "onetime_payment",
    "monthly_charge",
    "min_charge",
)
SORTABLE = frozenset({"phone_number", "category", "location_mnemonic", "location_name"})
PARAMETERS = frozenset({"access_token", "user_id", "limit", "offset", "filter", "fields", "sort"})
DEFAULT_LIMIT = 1000
LARGEST_LIMIT = 10_000
LARGEST_OFFSET = 100_000
RANKS = {category: rank for rank, category in enumerate(WEIGHTS)}


def available(rows: Sequence[Row], params: Row, knobs: CallGearKnobs) -> tuple[list[Row], int]:
    """Return one page of the numbers on offer, and how many match in all."""
    limit = integer(params, "limit", DEFAULT_LIMIT, 1, LARGEST_LIMIT)
    offset = integer(params, "offset", 0, 0, LARGEST_OFFSET)
    fields = _selection(params.get("fields", list(FIELDS)))
    steps = _sort_steps(params.get("sort", []), knobs)
    shown = [_reformatted(row, knobs.phone_format) for row in rows] if knobs.phone_format != "7" else rows
    if "filter" in params:
        test = compile_filter(params["filter"], FIELDS, in_allowed=knobs.in_allowed)
        shown = shown if knobs.ignore_filter else [row for row in shown if test(row)]
    if not knobs.ignore_sort:
        for key, descending in reversed(steps):
            shown = sorted(shown, key=key, reverse=descending)
    chosen = page(shown, offset, page_size(limit, knobs), knobs)
    if fields != FIELDS:
        chosen = [{field: row[field] for field in fields} for row in chosen]
    return chosen, len(chosen if knobs.total_is_page_count else shown) + knobs.total_off_by


def integer(params: Row, name: str, default: int, least: int, most: int) -> int:
    """Return a whole number between two bounds."""
    value = params.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int):
        raise RpcError(Mnemonic.DATA_TYPE_ERROR, name, value)
    if not least <= value <= most:
        raise RpcError(Mnemonic.INVALID_PARAMETER_VALUE, name, value)
    return value


def _selection(fields: object) -> tuple[str, ...]:
    if not isinstance(fields, list) or not all(isinstance(field, str) for field in fields):
        raise RpcError(Mnemonic.DATA_TYPE_ERROR, "fields", fields)
    for field in fields:
        if field not in FIELDS:
            raise RpcError(Mnemonic.UNEXPECTED_PARAMETERS, "fields", field)
    return tuple(field for field in FIELDS if field in fields)


def _sort_steps(sort: object, knobs: CallGearKnobs) -> list[tuple[Callable[[Row], tuple[bool, object]], bool]]:
    if not isinstance(sort, list):
        raise RpcError(Mnemonic.DATA_TYPE_ERROR, "sort", sort)
    return [_sort_step(step, knobs) for step in sort]


def _sort_step(step: object, knobs: CallGearKnobs) -> tuple[Callable[[Row], tuple[bool, object]], bool]:
    if not isinstance(step, dict):
        raise RpcError(Mnemonic.DATA_TYPE_ERROR, "sort", step)
    for name in step:
        if name not in {"field", "order"}:
            raise RpcError(Mnemonic.UNEXPECTED_PARAMETERS, f"sort.{name}", step[name])
    if "field" not in step:
        raise RpcError(Mnemonic.REQUIRED_PARAMETER_MISSED, "sort.field")
    field, order = step["field"], step.get("order", "asc")
    if field not in FIELDS:
        raise RpcError(Mnemonic.UNEXPECTED_PARAMETERS, "sort.field", field)
    if field not in SORTABLE and not (field == "min_charge" and knobs.sort_by_min_charge):
        raise RpcError(Mnemonic.SORT_PROHIBITED, "sort.field", field)
    if order not in ("asc", "desc"):
        raise RpcError(Mnemonic.INVALID_PARAMETER_VALUE, "sort.order", order)
    return _key(str(field), by_rank=field == "category" and knobs.category_order == "rank"), order == "desc"


def _key(field: str, *, by_rank: bool) -> Callable[[Row], tuple[bool, object]]:
    """Return the sort key of a field; nulls come last when ascending, as in the vendor's database."""
    if by_rank:
        return lambda row: ((value := row[field]) is None, RANKS.get(str(value), 0))
    return lambda row: ((value := row[field]) is None, 0 if value is None else value)


def _reformatted(row: Row, form: str) -> Row:
    number = str(row["phone_number"])
    russian = number.startswith("7") and len(number) == len("74993720692")
    if form == "+":
        number = f"+{number}"
    elif russian:
        number = ("8" if form == "8" else "") + number[1:]
    return row | {"phone_number": number}
