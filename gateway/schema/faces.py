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

    ``Meta(extra={"scope": …})`` guards a field, ``Meta(extra={"scalar": "ID"})`` shows text as an ID.
    """
    annotations: dict[str, Any] = {}
    members: dict[str, Any] = {"__doc__": record.__doc__, "__annotations__": annotations, "__module__": __name__}
    for field in msgspec.structs.fields(record):
        held, meta = _unwrapped(field.type)
        extra = meta.extra or {}
        annotations[field.name] = strawberry.ID if extra.get("scalar") == "ID" else _shown(held)
        guards: list[FieldExtension] = [RequiresScope(extra["scope"])] if "scope" in extra else []
        members[field.name] = strawberry.field(description=meta.description, extensions=guards)
    members["is_type_of"] = classmethod(lambda _, shown, __: isinstance(shown, record))
    return strawberry.type(type(record.__name__, (), members), description=_first_sentence(record))


def _unwrapped(annotation: Any) -> tuple[Any, Meta]:  # noqa: ANN401 - any annotation
    assert get_origin(annotation) is Annotated, f"{annotation} lacks a description"
    held, meta = get_args(annotation)
    return held, meta


def _shown(held: Any) -> Any:  # noqa: ANN401 - any annotation
    if isinstance(held, UnionType):
        return _shown(get_args(held)[0]) | None
    return face(held) if isinstance(held, type) and issubclass(held, Record) else held


def _first_sentence(record: type[Record]) -> str:
    return (record.__doc__ or "").strip().partition("\n\n")[0]
