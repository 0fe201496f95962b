"""GraphQL types made from the records they show: fields, nullability and descriptions are the record's own."""

from functools import cache
from types import UnionType
from typing import Annotated, Any, get_args, get_origin

import msgspec
import strawberry
from msgspec import Meta
from strawberry.extensions import FieldExtension

from gateway.numbers.model import Record
from gateway.schema.authority import RequiresScope


@cache
def face(record: type[Record]) -> type:
    """The type that shows a record; nested records get theirs.

    ``Meta(extra={"scope": …})`` guards a field; one with ``Meta(extra={"scalar": "ID"})``, or named ``id``, is an ID.
    """
    annotations: dict[str, Any] = {}
    members: dict[str, Any] = {"__doc__": record.__doc__, "__annotations__": annotations, "__module__": __name__}
    for field in msgspec.structs.fields(record):
        held, meta = _unwrapped(field.type)
        extra = meta.extra or {}
        is_id = field.name == "id" or extra.get("scalar") == "ID"
        annotations[field.name] = _shown(held, strawberry.ID if is_id else None)
        guards: list[FieldExtension] = [RequiresScope(extra["scope"])] if "scope" in extra else []
        members[field.name] = strawberry.field(description=meta.description, extensions=guards)
    members["is_type_of"] = classmethod(lambda _, shown, __: isinstance(shown, record))
    return strawberry.type(type(record.__name__, (), members), description=_first_sentence(record))


def _unwrapped(annotation: Any) -> tuple[Any, Meta]:  # noqa: ANN401 - any annotation
    assert get_origin(annotation) is Annotated, f"{annotation} lacks a description"
    held, meta = get_args(annotation)
    return held, meta


def _shown(held: Any, scalar: Any) -> Any:  # noqa: ANN401 - any annotation
    """The annotation with faces for records, and with ``scalar`` for what it holds where one is given."""
    if isinstance(held, UnionType):
        return _shown(get_args(held)[0], scalar) | None
    if scalar is not None:
        return scalar
    return face(held) if isinstance(held, type) and issubclass(held, Record) else held


def _first_sentence(record: type[Record]) -> str:
    return (record.__doc__ or "").strip().partition("\n\n")[0]
