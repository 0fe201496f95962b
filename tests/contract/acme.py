"""Acme Numbers, a made-up provider: one list in JSON, behind a key; as small as a whole provider can be."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Raw, Struct
from pydantic import Field, SecretStr

from gateway.numbers.blocks import Block, Listing, Paging
from gateway.numbers.e164 import from_digits
from gateway.numbers.filters import Filter
from gateway.numbers.model import Availability, Lifecycle, Number, Origin, Record
from gateway.providers import answers, rows
from gateway.providers.protocol import Request, Response, SourceSettings

LIFECYCLES = {"free": Lifecycle.AVAILABLE, "taken": Lifecycle.ACTIVE}


class AcmeDetails(Record, frozen=True):
    """What only Acme says, in its own words."""

    colour: Annotated[str | None, Meta(description="The colour of the number's box.")] = None


class AcmeSettings(SourceSettings):
    """An Acme depot."""

    provider: Literal["acme"]
    base_url: str = Field(description="Where the depot answers.")
    api_key: SecretStr


class Row(Struct):
    """One row of ``items``."""

    tel: str
    state: str | None = None
    colour: str | None = None


class Page(Struct):
    """The answer; ``count`` is how many there are in all."""

    items: Raw
    count: int | None = None


class Acme:
    """One Acme depot."""

    slug: ClassVar[str] = "acme"
    provider: ClassVar[str] = "ACME"
    title: ClassVar[str] = "Acme"
    version: ClassVar[int] = 1
    Settings: ClassVar[type[SourceSettings]] = AcmeSettings
    Details: ClassVar[type[Record]] = AcmeDetails
    availabilities: ClassVar[frozenset[Availability]] = frozenset({Availability.PURCHASABLE})

    def __init__(self, name: str, settings: AcmeSettings) -> None:
        self.name = name
        self.settings = settings
        self.paging = Paging(size=settings.block_size or 100)

    def ask(self, block: Block, wanted: Filter) -> Request:  # noqa: ARG002 - Acme has no filter
        """A window of the list."""
        return Request("GET", f"{self.settings.base_url}/numbers?from={block.start}&most={block.size}")

    def sign(self, request: Request, token: str | None) -> Request:
        """The key goes into the header."""
        return answers.bearing(request, token, self.settings.api_key)

    def read(self, response: Response) -> Listing:
        """The rows."""
        page = answers.answered(self.title, response, Page)
        return rows.listing(self, response, page.items, Row, self._number, total=page.count)

    def _number(self, row: Row, origin: Origin, _: set[str]) -> Number:
        return Number(
            e164=from_digits(row.tel),
            origin=origin,
            availability=Availability.PURCHASABLE,
            lifecycle=LIFECYCLES.get(row.state or "", Lifecycle.UNKNOWN),
            raw_status=row.state,
            details=AcmeDetails(colour=row.colour),
        )
