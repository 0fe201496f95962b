"""The faces of a source: the place itself, what went wrong there, and what it gave to an answer."""

from datetime import datetime

import strawberry
from strawberry import Info

from gateway.errors import SourceError as Fault
from gateway.schema.context import Context
from gateway.schema.vocabulary import ErrorCode, Provider, SourceState, SourceStatus


@strawberry.type(
    description="One configured place that numbers come from: an 8x8 subaccount, a Webex location, a CloudLX account, a CallGear account."
)
class Source:
    """A place, by its name in the settings."""

    name: str = strawberry.field(description="Its name in the settings.")
    provider: Provider = strawberry.field(description="Whose API it is.")

    @strawberry.field(description="How it is doing, by its latest answers; asks nobody.")
    def state(self, info: Info[Context, None]) -> SourceState:
        """By its caller."""
        return SourceState(info.context.rooms.callers[self.name].state)


@strawberry.type(description="What went wrong at a source.")
class SourceError:
    """A source's failure, as data."""

    code: ErrorCode = strawberry.field(description="A stable word for programs.")
    message: str = strawberry.field(description="What happened, and what to do about it.")
    retryable: bool = strawberry.field(
        description="Whether asking again later can help without anybody mending anything."
    )
    retry_after_ms: int | None = strawberry.field(description="The wait the provider asks for, in milliseconds.")


@strawberry.type(
    description="A range of keys that an answer lacks; pass it back as `after` and `before` to read it later."
)
class Gap:
    """An open range between two cursors."""

    after: str | None = strawberry.field(description="A cursor; null is an open end.")
    before: str | None = strawberry.field(description="A cursor; null is an open end.")


@strawberry.type(description="What one source gave to one answer.")
class SourceReport:
    """The account of a source."""

    source: Source = strawberry.field(description="The source.")
    status: SourceStatus = strawberry.field(description="What it contributed.")
    rows_read: int = strawberry.field(
        description="Rows of the source that were read for this answer, now or from a copy."
    )
    rows_kept: int = strawberry.field(description="Rows of the source in this page.")
    rows_skipped: int = strawberry.field(description="Rows that could not be read, and are missing here.")
    total_count: int | None = strawberry.field(
        description="Matching rows in the whole source; only when totalCount is selected."
    )
    as_of: datetime | None = strawberry.field(description="When what is shown was heard from the provider.")
    upstream_calls: int = strawberry.field(
        description="Calls this answer cost at the provider; 0 when a copy was at hand."
    )
    remarks: list[str] = strawberry.field(description="What was not as documented in the provider's answers.")
    error: SourceError | None = strawberry.field(description="Why it did not answer.")
    gap: Gap | None = strawberry.field(description="What this answer lacks of it.")


def source_named(name: str, context: Context) -> Source:
    """The face of a source."""
    return Source(name=name, provider=Provider(context.rooms.callers[name].source.provider))


def told(fault: Fault) -> SourceError:
    """A failure as data."""
    return SourceError(
        code=ErrorCode[fault.code],
        message=fault.message,
        retryable=fault.retryable,
        retry_after_ms=fault.retry_after_ms,
    )
