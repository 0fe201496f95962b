"""Which document a request means: its text, a hash that a client registered, or the id of a trusted document."""

import hashlib
from collections.abc import Mapping

from gateway.errors import BadUserInput, Forbidden, PersistedQueryNotFound
from gateway.upstream.documents import Documents
from gateway.web.exchange import Asked, HttpRefused
from gateway.web.execution import Operation

NO_QUERY = 'There is no query: send {"query": "{ sources { name } }"} as JSON, or ?query=… in the URL.'


class Library:
    """Finds the text of what is asked.

    ``trusted`` are documents by their ids. With ``only``, nothing else is answered, whether by text or by hash. What is
    ``longest`` at most is registered.
    """

    def __init__(self, registered: Documents, trusted: Mapping[str, str], longest: int, *, only: bool) -> None:
        self._registered = registered
        self._trusted = trusted
        self._longest = longest
        self._only = only
        self._texts = frozenset(trusted.values())

    async def operation_of(self, asked: Asked) -> Operation:
        """What is to be executed.

        Raises:
            HttpRefused, PersistedQueryNotFound: see ``text_of``.
        """
        return Operation(await self.text_of(asked), asked.variables, asked.operation_name, asked.extensions)

    async def text_of(self, asked: Asked) -> str:
        """The document.

        A text that comes with its SHA-256 is registered under it, and may be asked for by the hash alone from then on
        (Apollo's automatic persisted queries).

        Raises:
            HttpRefused: 400 there is no document, or the hash is not that of the text; 403 only trusted ones are
                answered, and this is none.
            PersistedQueryNotFound: nobody registered the hash.
        """
        if asked.document_id is None:
            return self._allowed(asked.query)
        known = self._trusted.get(asked.document_id)
        if known is not None and asked.query in (None, known):
            return known
        if asked.query is None:
            return await self._found(asked.document_id)
        return await self._registering(asked.document_id, self._allowed(asked.query))

    def _allowed(self, query: str | None) -> str:
        if query is None:
            raise HttpRefused(400, BadUserInput.code, NO_QUERY)
        if self._only and query not in self._texts:
            msg = "Only trusted documents are answered here: send the id of one as documentId, or ask the operator to add yours."
            raise HttpRefused(403, Forbidden.code, msg)
        return query

    async def _found(self, digest: str) -> str:
        found = None if self._only else await self._registered.find(digest)
        if found is None:
            msg = "PersistedQueryNotFound"  # Apollo Client looks for this very text
            raise PersistedQueryNotFound(msg)
        return found

    async def _registering(self, digest: str, query: str) -> str:
        if hashlib.sha256(query.encode()).hexdigest() != digest:
            msg = "The hash is not the query's: send the lower-case hex SHA-256 of the query as it stands."
            raise HttpRefused(400, BadUserInput.code, msg)
        if len(query) <= self._longest:  # a longer one is refused when it is read
            await self._registered.keep(digest, query)
        return query
