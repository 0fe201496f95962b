"""Who asks, and what they may see: one value a request, and the guard that reads it."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct
from strawberry.extensions import FieldExtension

from gateway.errors import Forbidden

INTROSPECTION = "introspection"
"""The scope of those who may ask for the schema, and are told names that are near to a mistaken one."""
DEBUG = "debug"
"""The scope of those who develop: it holds the one above."""


class Asker(Struct, frozen=True):
    """Somebody who asks: the sources they may see, in name order, and their extra rights; None is every right."""

    name: str
    sources: tuple[str, ...]
    scopes: frozenset[str] | None

    def may(self, scope: str) -> bool:
        """Whether they hold an extra right."""
        return self.scopes is None or scope in self.scopes


class RequiresScope(FieldExtension):
    """Guards a field: null with a FORBIDDEN error for those who lack the scope."""

    def __init__(self, scope: str) -> None:
        self._scope = scope

    def resolve(self, next_: Callable[..., Any], source: Any, info: Any, **arguments: Any) -> Any:  # noqa: ANN401 - strawberry's signature
        """The field's value for those who may see it."""
        if not info.context.asker.may(self._scope):
            msg = f"This field needs the scope {self._scope}."
            raise Forbidden(msg)
        return next_(source, info, **arguments)
