"""Documents, read and validated once and remembered; what is too large or too complex is refused at each step."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from graphql import (
    ASTValidationRule,
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    ValidationContext,
    parse,
    validate,
)
from graphql.validation.rules import overlapping_fields_can_be_merged as comparing
from graphql.validation.validate import ValidationAbortedError
from strawberry.extensions import SchemaExtension
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from gateway.errors import DocumentTooComplex, Forbidden
from gateway.schema import limits as counting
from gateway.schema.authority import INTROSPECTION
from gateway.sections import LimitSettings

CHARACTERS_KEPT = 400_000
"""Length of all documents that are remembered, together; parsed, a character takes 50 to 280 bytes."""

LONG = 500
"""Characters from which a document is read and validated beside everything else: that may take up to 50 ms."""

ERRORS_TOLD = 5
"""Errors of one document that are told at most."""

COMPARISONS = 10_000
"""Steps of comparing fields that could be merged; graphql-core's own 500,000 take 0.5 s for a document of 2,000 tokens."""

comparing.MAX_COMPLEXITY_BUDGET = COMPARISONS  # read by graphql-core whenever a validation begins

Result = TypeVar("Result")
Rules = tuple[type[ASTValidationRule], ...]


class Document:
    """A document within the limits, and what was found wrong with it."""

    def __init__(self, node: DocumentNode) -> None:
        self.node = node
        self._faults: dict[bool, list[GraphQLError]] = {}

    def is_validated(self, *, explorable: bool) -> bool:
        """Whether its faults are known."""
        return explorable in self._faults

    def faults(self, schema: GraphQLSchema, rules: Rules, *, explorable: bool) -> list[GraphQLError]:
        """What is wrong with it, found once; always the same schema and rules.

        ``explorable``: it may ask for the schema, and mistakes are answered with the names that were near.

        Raises:
            DocumentTooComplex: it cannot be validated in a bounded time.
        """
        if explorable not in self._faults:
            self._faults[explorable] = _faults(schema, self.node, rules, explorable=explorable)
        return self._faults[explorable]


class Documents:
    """Reads documents, each once; those longest unused are forgotten."""

    def __init__(self, limits: LimitSettings, characters_kept: int = CHARACTERS_KEPT) -> None:
        self._limits = limits
        self._room = characters_kept
        self._kept: OrderedDict[str, Document] = OrderedDict()
        self._thread = ThreadPoolExecutor(1, "documents")

    def read(self, text: str) -> Document:
        """The document; the same one for the same text, while it is remembered.

        Raises:
            DocumentTooComplex: it is beyond a limit.
            GraphQLError: it is no GraphQL, or a fragment of it spreads itself.
        """
        return self._remembered(text) or self._remember(text, Document(self._checked(text)))

    async def read_beside(self, text: str) -> Document:
        """The same; a long one that is not remembered is read in a thread, one after another, while others are answered."""
        if len(text) < LONG or text in self._kept:
            return self.read(text)
        node = await self.beside(self._checked, text)
        return self._remembered(text) or self._remember(text, Document(node))

    def beside(self, work: Callable[..., Result], *arguments: object) -> asyncio.Future[Result]:
        """Do that in the thread."""
        return asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)

    def _remembered(self, text: str) -> Document | None:
        if text in self._kept:
            self._kept.move_to_end(text)
        return self._kept.get(text)

    def _remember(self, text: str, document: Document) -> Document:
        self._kept[text] = document
        self._room -= len(text)
        while self._room < 0:
            forgotten, _ = self._kept.popitem(last=False)
            self._room += len(forgotten)
        return document

    def _checked(self, text: str) -> DocumentNode:
        longest, size = self._limits.document_bytes, len(text.encode("utf-8", "surrogatepass"))
        if size > longest:
            msg = f"The document is {size} bytes long; {longest} is the limit: put values into variables, and ask in several requests."
            raise DocumentTooComplex(msg)
        document = self._parsed(text)
        counting.check(document, self._limits)
        return document

    def _parsed(self, text: str) -> DocumentNode:
        limits = self._limits
        try:
            return parse(text, max_lexical_tokens=limits.document_tokens, max_comments=limits.document_comments)
        except GraphQLSyntaxError as error:
            told, aborted, _ = error.message.partition(" Parsing aborted.")
            if not aborted:
                raise
            msg = (
                f"{told.removeprefix('Syntax Error: ').removesuffix('.')}, which is the limit: ask in several requests."
            )
            raise DocumentTooComplex(msg) from None


def _faults(schema: GraphQLSchema, document: DocumentNode, rules: Rules, *, explorable: bool) -> list[GraphQLError]:
    rules = (*rules, MaybeNullValidationRule, OneOfInputValidationRule)
    rules = rules if explorable else (*rules, NoIntrospection)
    errors = validate(schema, document, rules, max_errors=ERRORS_TOLD - 1, hide_suggestions=not explorable)
    if any(isinstance(error, ValidationAbortedError) and error.message == "Validation aborted." for error in errors):
        msg = f"To validate the document would take more than {COMPARISONS} comparisons of its fields, which is the limit: write fields that are meant to be one only once."
        raise DocumentTooComplex(msg)
    return errors


class NoIntrospection(ASTValidationRule):
    """The schema is not for those who lack the scope (GraphQL, 4.1: a service may)."""

    context: ValidationContext

    def enter_field(self, node: FieldNode, *_: Any) -> None:  # noqa: ANN401 - the visitor's signature
        """Refuse the two fields that show the schema; ``__typename`` stays."""
        if node.name.value in {"__schema", "__type"}:
            msg = (
                f"{node.name.value} needs the scope {INTROSPECTION}: ask the operator for it, or for the schema's file."
            )
            self.report_error(GraphQLError(msg, node, extensions={"code": Forbidden.code}))


class BoundedDocuments(SchemaExtension):
    """Puts the read and validated document where Strawberry looks for it before it does the same without bounds."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def on_parse(self) -> AsyncIterator[None]:
        """The text becomes a document."""
        self._text = self.execution_context.query or ""
        self._document = await self._documents.read_beside(self._text)
        self.execution_context.graphql_document = self._document.node
        yield

    async def on_validate(self) -> AsyncIterator[None]:
        """The document's faults are found."""
        held = self.execution_context
        explorable = held.context.asker.may(INTROSPECTION)
        find = partial(
            self._document.faults,
            held.schema._schema,  # noqa: SLF001 - Strawberry offers no other way to the schema it made
            held.validation_rules,
            explorable=explorable,
        )
        quick = len(self._text) < LONG or self._document.is_validated(explorable=explorable)
        held.pre_execution_errors = find() if quick else await self._documents.beside(find)
        yield
