"""JSON Web Tokens beside keys: whose they are, which are refused, and how the issuer's keys are renewed."""

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from starlette.types import Receive, Scope, Send

from gateway.errors import Unauthenticated
from gateway.sections import TokenSettings
from gateway.upstream.client import HttpTransport
from gateway.upstream.clock import SystemClock
from gateway.web.tokens import LEEWAY_SECONDS, Tokens
from tests.conftest import serving
from tests.schema.gateways import Client, Simulated, gateway
from tests.web.frames import stream
from tests.web.test_auth import SHOP, hashed
from tests.web.test_lapsing import CHANGES, bearer
from tests.web.test_subscriptions import EVENTS

Key: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
ISSUER, AUDIENCE = "https://issuer.example", "numbers"
OLD, NEW, CURVE = (
    rsa.generate_private_key(65537, 2048),
    rsa.generate_private_key(65537, 2048),
    ec.generate_private_key(ec.SECP256R1()),
)


def published(**keys: Key) -> str:
    """The public keys as an issuer publishes them."""
    held = []
    for name, key in keys.items():
        if isinstance(key, rsa.RSAPrivateKey):
            told = {"alg": "RS256", **json.loads(RSAAlgorithm.to_jwk(key.public_key()))}
        else:
            told = {"alg": "ES256", **json.loads(ECAlgorithm.to_jwk(key.public_key()))}
        held.append({**told, "kid": name, "use": "sig"})
    return json.dumps({"keys": held})


def signed(key: Key = OLD, kid: str | None = "old", algorithm: str = "RS256", **claims: object) -> str:
    """A token for the shop, with these claims besides; None leaves one out."""
    given = {"iss": ISSUER, "aud": AUDIENCE, "azp": "shop", "exp": int(time.time()) + 36_000, **claims}
    held = {name: value for name, value in given.items() if value is not None}
    return jwt.encode(held, key, algorithm, headers={"kid": kid} if kid else None)


@pytest.fixture(scope="module")
def jwks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The issuer's keys in a file."""
    place = tmp_path_factory.mktemp("issuer") / "jwks.json"
    place.write_text(published(old=OLD, curve=CURVE), encoding="utf-8")
    return place


@pytest.fixture(scope="module")
def guarded(simulated: Simulated, jwks: Path) -> Iterator[Client]:
    """A gateway with a client that brings tokens, and one that has both a key and tokens."""
    clients = {"shop": {"sources": ["london"]}, "office": {"key_sha256": hashed(SHOP)}}
    tokens = {"issuer": ISSUER, "audience": AUDIENCE, "jwks": str(jwks)}
    with gateway(simulated.sources, clients=clients, tokens=tokens) as client:
        yield client


def asked(guarded: Client, token: str) -> tuple[int, list[str]]:
    """The status, and the sources that are seen or the codes of the refusal."""
    reply = Client(guarded.url, token).ask("{ sources { name } }")
    return reply.status, [held["name"] for held in reply.data["sources"]] if reply.status == 200 else reply.codes


@pytest.mark.parametrize(
    "token",
    [signed(), signed(aud=["other", AUDIENCE]), signed(CURVE, "curve", "ES256")],
    ids=["RSA", "several audiences", "elliptic curve"],
)
def test_a_token_is_its_clients(guarded: Client, token: str) -> None:
    """The client that its claim names sees the sources that its settings give it."""
    assert asked(guarded, token) == (200, ["london"])


def test_clocks_may_differ_a_little(guarded: Client) -> None:
    """A token that has just ended is still taken."""
    assert asked(guarded, signed(exp=int(time.time()) - 1))[0] == 200


async def test_a_stream_ends_with_its_token(guarded: Client) -> None:
    """Whoever listens is put out when the token ends, with the same leeway; it ends as if it was cut off."""
    ends = int(time.time()) - LEEWAY_SECONDS + 2
    async with asyncio.timeout(30), stream(guarded.url, CHANGES, EVENTS, **bearer(signed(exp=ends))) as theirs:
        assert b"complete" not in await theirs.read()
    assert time.time() >= ends + LEEWAY_SECONDS


@pytest.mark.parametrize("key", [SHOP, "a.b.c", jwt.encode({"azp": "shop"}, "", "none")])
def test_keys_do_not_end(key: str) -> None:
    """Whatever they look like."""
    assert Tokens.left(key) is None


def test_a_key_holds_beside_tokens(guarded: Client) -> None:
    """Keys are looked up first, and a token may name a client that also has one."""
    assert len(asked(guarded, SHOP)[1]) == 5
    assert len(asked(guarded, signed(azp="office"))[1]) == 5


BROKEN = {
    "over": signed(exp=int(time.time()) - 60),
    "without an end": signed(exp=None),
    "of another issuer": signed(iss="https://other.example"),
    "without an issuer": signed(iss=None),
    "for somebody else": signed(aud="other"),
    "for nobody": signed(aud=None),
    "without a client": signed(azp=None),
    "of an unknown client": signed(azp="stranger"),
    "not yet": signed(nbf=int(time.time()) + 36_000),
    "signed by another key": signed(NEW),
    "of an unknown key": signed(NEW, "new"),
    "without a key's name": signed(kid=None),
    "not signed": jwt.encode({"iss": ISSUER, "aud": AUDIENCE, "azp": "shop", "exp": 2**40}, "", "none"),
    "signed with what is public": jwt.encode(
        {"iss": ISSUER, "aud": AUDIENCE, "azp": "shop", "exp": 2**40}, "x" * 64, "HS256", headers={"kid": "old"}
    ),
    "cut short": signed()[:-20],
    "no token": "a.b.c",
}


@pytest.mark.parametrize("token", BROKEN.values(), ids=BROKEN)
def test_other_tokens_are_refused(guarded: Client, token: str) -> None:
    """A 401 that says what is wrong in a word, and never shows the token."""
    reply = Client(guarded.url, token).ask("{ sources { name } }")
    assert (reply.status, reply.codes) == (401, ["UNAUTHENTICATED"])
    assert token[:20] not in reply.content.decode()


class Issuer:
    """Publishes keys at an address; ``text`` None is an issuer that fails."""

    def __init__(self, text: str | None) -> None:
        self.text = text

    async def __call__(self, _: Scope, __: Receive, send: Send) -> None:
        """Answer one request."""
        status, body = (500, b"") if self.text is None else (200, self.text.encode())
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": body})


async def test_new_keys_are_fetched_and_old_ones_stay_while_the_issuer_fails() -> None:
    """A token of an unknown key has them fetched beside; what cannot be fetched takes nothing away."""
    issuer = Issuer(published(old=OLD))
    with serving(issuer) as url:
        tokens = Tokens(TokenSettings(issuer=ISSUER, audience=AUDIENCE, jwks=url), pause=0)
        transport = HttpTransport.open(SystemClock().now)
        try:
            await tokens.fetch(transport)
            fetching = asyncio.create_task(tokens.keep_fresh(transport))
            for text in (None, "nonsense"):
                issuer.text = text
                await tokens.fetch(transport)
                assert tokens.client_of(signed()) == "shop"
            issuer.text = published(new=NEW)
            assert await until_taken(tokens, signed(NEW, "new")) == "shop"
            with pytest.raises(Unauthenticated, match="InvalidKey"):
                tokens.client_of(signed())
            fetching.cancel()
        finally:
            await transport.close()


async def until_taken(tokens: Tokens, token: str) -> str:
    """Whose the token is, as soon as it is taken."""
    while True:
        try:
            return tokens.client_of(token)
        except Unauthenticated:
            await asyncio.sleep(0)


async def test_a_file_that_is_gone_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The gateway opens all the same, and takes no token."""
    tokens = Tokens(TokenSettings(issuer=ISSUER, audience=AUDIENCE, jwks=str(tmp_path / "gone")))
    transport = HttpTransport.open(SystemClock().now)
    await tokens.fetch(transport)
    await transport.close()
    assert "cannot be read" in caplog.text
    with pytest.raises(Unauthenticated):
        tokens.client_of(signed())
