"""Everything that can go wrong, as one tree; each leaf has one stable code.

::

    GatewayError
    ├── SettingsInvalid            the operator mends the settings; the process exits with 2
    ├── RequestRefused             the caller mends the request
    │   ├── BadUserInput               BAD_USER_INPUT
    │   ├── DocumentTooComplex         DOCUMENT_TOO_COMPLEX
    │   ├── QueryTooCostly             QUERY_TOO_COSTLY
    │   ├── CursorInvalid              CURSOR_INVALID
    │   ├── CursorMismatch             CURSOR_MISMATCH
    │   ├── CursorExpired              CURSOR_EXPIRED
    │   ├── PersistedQueryNotFound     PERSISTED_QUERY_NOT_FOUND
    │   ├── TryLater                   the same request is fine a little later
    │   │   ├── RateLimited                RATE_LIMITED
    │   │   └── Overloaded                 OVERLOADED
    │   ├── Unauthenticated            UNAUTHENTICATED
    │   └── Forbidden                  FORBIDDEN
    ├── ListenerTooSlow            LISTENER_TOO_SLOW: a subscription is ended; resume it where it was
    ├── StoreUnavailable           STORE_UNAVAILABLE: what must be kept cannot be written or read now; try again
    ├── AllSourcesFailed           ALL_SOURCES_FAILED: nobody could answer; try again later
    └── SourceError                one source did not answer; data in a report, never a lost page
        ├── SourceTimeout              SOURCE_TIMEOUT
        ├── SourceUnavailable          SOURCE_UNAVAILABLE
        ├── SourceRateLimited          SOURCE_RATE_LIMITED
        ├── SourceAuthFailed           SOURCE_AUTH_FAILED
        ├── SourceForbidden            SOURCE_FORBIDDEN
        ├── SourceMisconfigured        SOURCE_MISCONFIGURED
        ├── SourceBadAnswer            SOURCE_BAD_ANSWER
        ├── SourceTooLarge             SOURCE_TOO_LARGE
        └── SourceCircuitOpen          SOURCE_CIRCUIT_OPEN
"""

from typing import ClassVar

UNLISTED = "unlisted"
"""The reason of a refusal by a source that has no list, although its provider has: only look-ups and events reach it."""

TOO_MUCH = "too much"
"""The reason of a failure that asking for fewer rows at once may mend: the answer is too large, or takes too long."""


def forget_frames(error: BaseException | None) -> None:
    """Free what the frames of an error hold, and of those that led to it.

    A frame may hold an answer of megabytes, and the error as well: a circle, which lasts until garbage is searched for.
    """
    while error is not None:
        error.__traceback__ = None
        error = error.__cause__ or error.__context__


class GatewayError(Exception):
    """The root: something the gateway can name. ``code`` is stable and appears in ``extensions.code``."""

    code: ClassVar[str] = "INTERNAL_SERVER_ERROR"


class SettingsInvalid(GatewayError):
    """The settings cannot be used; the message names the key and the mend."""

    code = "SETTINGS_INVALID"


class RequestRefused(GatewayError):
    """The caller asked for something that cannot be; asking again unchanged will not help."""


class BadUserInput(RequestRefused):
    """An argument is malformed, out of range or contradicts another."""

    code = "BAD_USER_INPUT"


class DocumentTooComplex(RequestRefused):
    """A GraphQL document is larger than the gateway works on; the message names the limit."""

    code = "DOCUMENT_TOO_COMPLEX"


class QueryTooCostly(RequestRefused):
    """An operation could take more upstream calls, or bring more rows, than one may; nothing of it was begun.

    ``cost`` is what it could take, ``limit`` what it may.
    """

    code = "QUERY_TOO_COSTLY"

    def __init__(self, message: str, *, cost: int, limit: int) -> None:
        super().__init__(message)
        self.cost = cost
        self.limit = limit


class CursorInvalid(RequestRefused):
    """A cursor is damaged, forged, or of an unknown version."""

    code = "CURSOR_INVALID"


class CursorMismatch(RequestRefused):
    """A cursor was made for another filter or order."""

    code = "CURSOR_MISMATCH"


class CursorExpired(RequestRefused):
    """What follows a cursor of the change log is not kept any more, or the cursor is of another log."""

    code = "CURSOR_EXPIRED"

    def __init__(self) -> None:
        super().__init__("The changes after this cursor are not kept any more: read the list again, then listen anew.")


class PersistedQueryNotFound(RequestRefused):
    """A document was named by its hash or id, and no such document is known: send it whole."""

    code = "PERSISTED_QUERY_NOT_FOUND"


class TryLater(RequestRefused):
    """The same request is fine a little later: in ``retry_after_ms`` milliseconds."""

    def __init__(self, message: str, *, retry_after_ms: int) -> None:
        super().__init__(message)
        self.retry_after_ms = retry_after_ms


class RateLimited(TryLater):
    """A client asks more often than it may."""

    code = "RATE_LIMITED"


class Overloaded(TryLater):
    """More is at work than the gateway takes on."""

    code = "OVERLOADED"


class Unauthenticated(RequestRefused):
    """Nobody, or nobody known, is asking."""

    code = "UNAUTHENTICATED"


class Forbidden(RequestRefused):
    """The caller is known and may not have this."""

    code = "FORBIDDEN"


class ListenerTooSlow(GatewayError):
    """A listener did not take its changes fast enough; ``sequence`` is the last one it took, and where to resume."""

    code = "LISTENER_TOO_SLOW"

    def __init__(self, sequence: int) -> None:
        super().__init__("Changes were not taken fast enough: subscribe again after the last one received.")
        self.sequence = sequence


class StoreUnavailable(GatewayError):
    """The store can be neither written nor read now: full, read-only, locked, or not there. Trying again may help."""

    code = "STORE_UNAVAILABLE"

    def __init__(self) -> None:
        super().__init__("The store cannot be used now: try again in a moment.")


class SourceError(GatewayError):
    """A source did not give a usable answer.

    ``retryable`` says whether the same question may succeed later without anybody mending anything;
    ``retry_after_ms`` is the wait the provider itself asked for, in milliseconds, or None; ``reason`` is the
    provider's own short word for it, where it has one, or one of those above.
    """

    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, retry_after_ms: int | None = None, reason: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason
        self.retry_after_ms = retry_after_ms


class SourceTimeout(SourceError):
    """No complete answer within the time a source has."""

    code = "SOURCE_TIMEOUT"
    retryable = True


class SourceUnavailable(SourceError):
    """The source cannot be reached, or says that it is broken."""

    code = "SOURCE_UNAVAILABLE"
    retryable = True


class SourceRateLimited(SourceError):
    """The source has been asked too often."""

    code = "SOURCE_RATE_LIMITED"
    retryable = True


class SourceAuthFailed(SourceError):
    """The source does not accept the configured credentials."""

    code = "SOURCE_AUTH_FAILED"


class SourceForbidden(SourceError):
    """The credentials are good but lack a right: a scope, a role, a tariff, an address on an allow-list."""

    code = "SOURCE_FORBIDDEN"


class SourceMisconfigured(SourceError):
    """The configured place (subaccount, location, URL) does not exist, or the question was refused as malformed."""

    code = "SOURCE_MISCONFIGURED"


class SourceBadAnswer(SourceError):
    """The source answered something that is not its documented shape."""

    code = "SOURCE_BAD_ANSWER"
    retryable = True


class SourceTooLarge(SourceError):
    """The answer is larger than this gateway reads, or would take more calls than one request may make."""

    code = "SOURCE_TOO_LARGE"


class SourceCircuitOpen(SourceError):
    """The source has failed so often that it is left alone for a while."""

    code = "SOURCE_CIRCUIT_OPEN"
    retryable = True


class AllSourcesFailed(GatewayError):
    """Not one of the asked sources could be read; an empty page would be a lie.

    ``failures`` maps each asked source's name to what went wrong there.
    """

    code = "ALL_SOURCES_FAILED"

    def __init__(self, failures: dict[str, SourceError]) -> None:
        told = "; ".join(f"{name}: {error.message.rstrip('.')}" for name, error in sorted(failures.items()))
        super().__init__(f"None of the asked sources could be read. {told}.")
        self.failures = failures
