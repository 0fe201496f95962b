"""Documents, read and validated once and remembered; what is too large or too complex is refused at each step."""

import asyncio
import gc
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar, cast

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

from gateway.errors import DocumentTooComplex, Forbidden, forget_frames
from gateway.schema import limits as counting
from gateway.schema.authority import INTROSPECTION
from gateway.schema.sightings import Sightings
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


def is_long(text: str) -> bool:
    """Whether work on a document may take so long that it is done beside everything else."""
    return len(text) >= LONG


class Document:
    """A document within the limits, and what was found wrong with it."""

    def __init__(self, node: DocumentNode, *, long: bool) -> None:
        self.node = node
        self._long = long
        self._faults: dict[bool, list[GraphQLError]] = {}

    def is_work(self, *, explorable: bool) -> bool:
        """Whether to find its faults takes long."""
        return self._long and explorable not in self._faults

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
    """Reads documents, each once; those longest unused are forgotten, and a long one is remembered from its second sight on."""

    def __init__(self, limits: LimitSettings, characters_kept: int = CHARACTERS_KEPT) -> None:
        self._limits = limits
        self._room = characters_kept
        self._kept: OrderedDict[str, Document] = OrderedDict()
        self._sightings = Sightings()
        self._thread = ThreadPoolExecutor(1, "documents")

    def read(self, text: str) -> Document:
        """The document; the same one for the same text, while it is remembered.

        Raises:
            DocumentTooComplex: it is beyond a limit.
            GraphQLError: it is no GraphQL, or a fragment of it spreads itself.
        """
        return self._remembered(text) or self._admitted(text, self._checked(text))

    async def read_beside(self, text: str) -> Document:
        """The same; a long one that is not remembered is read in a thread, one after another, while others are answered."""
        if not is_long(text) or text in self._kept:
            return self.read(text)
        node = await self.beside(self._checked, text)
        return self._remembered(text) or self._admitted(text, node)

    async def faults_beside(
        self, document: Document, schema: GraphQLSchema, rules: Rules, *, explorable: bool
    ) -> list[GraphQLError]:
        """What is wrong with a document; see ``Document.faults``. Where that takes long, it is found in the thread."""
        find = partial(document.faults, schema, rules, explorable=explorable)
        return await self.where_fit(find, long=document.is_work(explorable=explorable))

    async def where_fit(self, work: Callable[[], Result], *, long: bool) -> Result:
        """Do that: in the thread if it is ``long``, else at once."""
        return await self.beside(work) if long else work()

    def beside(self, work: Callable[..., Result], *arguments: object) -> asyncio.Future[Result]:
        """Do that in the thread."""
        return asyncio.get_running_loop().run_in_executor(self._thread, _unsearched, work, *arguments)

    def _remembered(self, text: str) -> Document | None:
        if text in self._kept:
            self._kept.move_to_end(text)
        return self._kept.get(text)

    def _admitted(self, text: str, node: DocumentNode) -> Document:
        long = is_long(text)
        document = Document(node, long=long)
        if long and not self._sightings.again(text):
            return document
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
            return _unlinked(
                parse(text, max_lexical_tokens=limits.document_tokens, max_comments=limits.document_comments)
            )
        except GraphQLSyntaxError as error:
            told, aborted, _ = error.message.partition(" Parsing aborted.")
            if not aborted:
                raise
            msg = (
                f"{told.removeprefix('Syntax Error: ').removesuffix('.')}, which is the limit: ask in several requests."
            )
            raise DocumentTooComplex(msg) from None


def _unlinked(document: DocumentNode) -> DocumentNode:
    """The document, whose tokens know their neighbours no more.

    Nobody asks a token for them once a document is read. Left linked, they are circles, which only a search for garbage
    frees; while it goes through those of some dozens of long documents, nobody is answered for 60 ms.
    """
    token = document.loc.start_token if document.loc else None
    while token is not None:
        token.prev, token.next, token = None, None, token.next
    return document


def _faults(schema: GraphQLSchema, document: DocumentNode, rules: Rules, *, explorable: bool) -> list[GraphQLError]:
    rules = (*rules, MaybeNullValidationRule, OneOfInputValidationRule)
    rules = rules if explorable else (*rules, NoIntrospection)
    with _freed(rules) as made:
        errors = validate(schema, document, made, max_errors=ERRORS_TOLD - 1, hide_suggestions=not explorable)
    if any(isinstance(error, ValidationAbortedError) and error.message == "Validation aborted." for error in errors):
        gc.collect(0)
        msg = f"To validate the document would take more than {COMPARISONS} comparisons of its fields, which is the limit: write fields that are meant to be one only once."
        raise DocumentTooComplex(msg)
    return errors


def _unsearched(work: Callable[..., Result], *arguments: object) -> Result:
    """Do that, and let nobody search for garbage meanwhile.

    What a document takes is free at its end. Found in use by a search, it would be counted among what lives long, and a
    search among that takes 100 ms.
    """
    gc.disable()
    try:
        return work(*arguments)
    finally:
        gc.enable()


@contextmanager
def _freed(rules: Rules) -> Iterator[Rules]:
    """The same rules; what they noted of a document is given back at the end.

    graphql-core's visitors hold themselves, so that all they hold is garbage in circles, too: up to 9,000 objects a document.
    """
    made: list[ASTValidationRule] = []

    def making(rule: type[ASTValidationRule], context: ValidationContext) -> ASTValidationRule:
        made.append(rule(context))
        return made[-1]

    try:
        yield cast("Rules", tuple(partial(making, rule) for rule in rules))
    finally:
        for rule in made:
            vars(rule).clear()


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
        self._document = await self._documents.read_beside(self.execution_context.query or "")
        self.execution_context.graphql_document = self._document.node
        yield

    async def on_validate(self) -> AsyncIterator[None]:
        """The document's faults are found."""
        held = self.execution_context
        try:
            held.pre_execution_errors = await self._documents.faults_beside(
                self._document,
                held.schema._schema,  # noqa: SLF001 - Strawberry offers no other way to the schema it made
                held.validation_rules,
                explorable=held.context.asker.may(INTROSPECTION),
            )
        except DocumentTooComplex as error:  # raised, it would keep the document in the frames it passes
            forget_frames(error)
            held.pre_execution_errors = [GraphQLError(str(error), original_error=error)]
        yield
