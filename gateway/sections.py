"""The sections of the settings, each a table of the file, beside those of the sources."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, field_validator, model_validator
from redis.asyncio import ConnectionPool

from gateway.providers.protocol import Networks

NAME, DIGEST, ORIGIN = "^[a-z][a-z0-9_]*$", "^[0-9a-f]{64}$", "^https?://[^/*]+$"
DATABASE, REDIS = "^(sqlite|postgresql)://", "^((redis|rediss|valkey)://.*)?$"

Name = Annotated[str, StringConstraints(pattern=NAME)]
Digest = Annotated[str, StringConstraints(pattern=DIGEST)]
Origin = Annotated[str, StringConstraints(pattern=ORIGIN)]

SHAPES = {
    NAME: "is no name: write small letters, digits and _, and a letter first",
    DIGEST: 'is no SHA-256: write the 64 small hex digits of printf %s "$KEY" | sha256sum',
    ORIGIN: "is no origin: write a scheme and a host and nothing behind them, like https://shop.example",
    DATABASE: "is no database: write sqlite:///path or postgresql://user:password@host/database",
    REDIS: "is no address: write redis://user:password@host:6379/0, or rediss:// or valkey://",
}
"""What to write where a pattern does not match, by the pattern."""

Scope = Literal["addresses:read", "debug", "introspection"]

_STRICT = ConfigDict(frozen=True, extra="forbid")


class ServerSettings(BaseModel):
    """Where the gateway listens."""

    model_config = _STRICT

    host: str = Field(
        "127.0.0.1", description="The address to listen on; one that others can reach needs a client, or insecure."
    )
    port: int = Field(8000, ge=0, le=65535, description="The port; 0 takes any free one.")
    insecure: bool = Field(
        False, description="Serve everybody who can reach the host, although no client is configured."
    )
    trusted_proxies: Networks = Field((), description="Proxies whose X-Forwarded-For says who really asks.")
    subgraph: bool = Field(False, description="Answer a router of Apollo Federation 2: `_service` and `_entities`.")
    hosts: tuple[str, ...] = Field(
        (), description="Names that a request may be for; without any, on loopback this machine's, else all."
    )
    cors_origins: tuple[Origin, ...] = Field(
        (), description="Other sites whose pages may ask, like https://shop.example; none by default."
    )
    compiled: bool = Field(
        True, description="Compile the operations that come again; without, every value is written step by step."
    )
    cursor_key: SecretStr | None = Field(
        None, min_length=16, description="Signs cursors; without one it is made once and kept beside the store."
    )
    status_codes: Literal["audits", "draft"] = Field(
        "audits",
        description="Of GraphQL over HTTP: as its audits want them, or as its edition of 2026-09 does (422, 294).",
    )
    heartbeat: float = Field(
        10.0, gt=0, le=60, description="Seconds of silence on a stream before a sign of life is sent."
    )
    drain_seconds: float = Field(
        1.0, ge=0, le=60, description="Seconds after SIGTERM for which all is answered, but /ready says no."
    )
    trusted_documents: Literal["off", "allow", "only"] = Field(
        "off", description="Documents that are known by their ids: not used, answered like any other, or nothing else."
    )
    trusted_manifests: tuple[str, ...] = Field(
        (),
        description="The files that hold them, as Apollo, Relay or GraphQL Code Generator's client preset write them.",
    )

    @model_validator(mode="after")
    def _trusts_something(self) -> Self:
        if self.trusted_documents != "off" and not self.trusted_manifests:
            msg = f'trusted_documents = "{self.trusted_documents}" needs trusted_manifests, the files that hold them'
            raise ValueError(msg)
        return self


class ClientSettings(BaseModel):
    """Somebody who may ask, by ``Authorization: Bearer <key>``; read anew on SIGHUP."""

    model_config = _STRICT

    key_sha256: Digest | None = Field(
        None, description="The SHA-256 of the key, in hex; needed unless the client brings tokens."
    )
    next_key_sha256: Digest | None = Field(
        None, description="That of a second key, while the first one is being replaced."
    )
    sources: tuple[Name, ...] | None = Field(None, description="The sources the client sees; the default is all.")
    scopes: frozenset[Scope] = Field(
        frozenset(),
        description="Extra rights: addresses:read; debug or introspection: the schema, GraphiQL, and near names in errors.",
    )


class TokenSettings(BaseModel):
    """JSON Web Tokens that name a client, beside keys: ``Authorization: Bearer <token>``."""

    model_config = _STRICT

    issuer: str = Field(min_length=1, description="Who signs them, as their claim iss says.")
    audience: str = Field(min_length=1, description="Whom they are for, as their claim aud says: this gateway.")
    jwks: str = Field(min_length=1, description="The issuer's public keys: an address, or a file.")
    algorithms: tuple[Literal["RS256", "PS256", "ES256", "EdDSA"], ...] = Field(
        ("RS256", "ES256"), description="The ways of signing that are taken: RS256, PS256, ES256, EdDSA."
    )
    client_claim: str = Field(
        "azp", min_length=1, description="The claim that names the client, as in [clients.<name>]."
    )


class StateSettings(BaseModel):
    """What outlives a process."""

    model_config = _STRICT

    database_url: str = Field("sqlite:///gateway.db", pattern=DATABASE, description="sqlite:///path or postgresql://…")
    history_days: float = Field(
        30.0,
        gt=0,
        le=3650,
        description="Days for which events and changes are kept; a subscription resumes within them.",
    )
    redis_url: str = Field(
        "",
        pattern=REDIS,
        description="Processes share what is kept, and how often sources are asked: redis://, rediss:// or valkey://; empty is each alone.",
    )
    cache_bytes: int = Field(
        192 * 1024 * 1024, gt=0, description="What one process keeps of the sources' answers at most, in bytes."
    )
    answer_bytes: int = Field(
        32 * 1024 * 1024, ge=0, description="What one process keeps of whole answers at most, in bytes; 0 keeps none."
    )

    @field_validator("redis_url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        try:
            ConnectionPool.from_url(redis_address(url) or "redis://").make_connection()  # type: ignore[no-untyped-call]  # redis leaves it untyped
        except (ValueError, TypeError):
            msg = "is no address: write redis://user:password@host:6379/0, with % codes for what is special in a URL"
            raise ValueError(msg) from None
        return url


class LimitSettings(BaseModel):
    """What one request may take. Durations are in seconds."""

    model_config = _STRICT

    deadline: float = Field(10.0, gt=0, le=300, description="Seconds for one request, all its sources together.")
    queries_per_minute: int = Field(0, ge=0, description="For each client; 0 is no limit.")
    concurrent: int = Field(200, gt=0, description="Operations at work at once; more are refused with 503 right away.")
    body_bytes: int = Field(1_048_576, gt=0, description="Bytes of a request's body at most.")
    header_bytes: int = Field(32_768, gt=0, description="Bytes of a request's headers at most.")
    url_bytes: int = Field(32_768, gt=0, description="Bytes of a request's address at most.")
    receive_seconds: float = Field(
        10.0, gt=0, description="Seconds for a request's headers to arrive, and for its body."
    )
    calls: int = Field(2_000, gt=0, description="Upstream calls that one operation may take at most, by its estimate.")
    rows: int = Field(50_000, gt=0, description="Rows that one operation may bring at most, by its estimate.")
    page_size: int = Field(1000, gt=0, description="Rows of one connection at most.")
    lookups: int = Field(500, gt=0, description="Numbers looked up in one field at most.")
    webhook_bytes: int = Field(8_388_608, gt=0, description="Bytes of one event at most.")
    batch: int = Field(1, gt=0, le=100, description="Operations of one request at most; 1 is no batches.")
    unread_seconds: float = Field(
        30.0,
        gt=0,
        description="Seconds for which a client may read nothing of what waits for it, before it is cut off.",
    )
    socket_init: float = Field(10.0, gt=0, description="Seconds that a WebSocket has for its connection_init.")
    socket_operations: int = Field(100, gt=0, description="Operations under way on one WebSocket at most.")
    document_bytes: int = Field(32_768, gt=0, description="Bytes of one GraphQL document at most.")
    document_tokens: int = Field(2_000, gt=0, description="Tokens of one GraphQL document at most.")
    document_comments: int = Field(200, ge=0, description="Comments in one GraphQL document at most.")
    document_definitions: int = Field(100, gt=0, description="Operations and fragments of one document at most.")
    depth: int = Field(15, gt=0, description="Fields within one another at most; the introspection query has 15.")
    fields: int = Field(2_000, gt=0, description="Fields of one operation at most, with its fragments written out.")
    root_fields: int = Field(30, gt=0, description="Fields of one operation's root at most, likewise.")
    aliases: int = Field(30, ge=0, description="Aliases in one operation at most, likewise.")
    directives: int = Field(50, ge=0, description="Directives in one operation at most, likewise.")


def redis_address(url: str) -> str:
    """The URL as the client library takes it: it speaks with a Valkey, but does not know its name."""
    return url.replace("valkey://", "redis://", 1)
