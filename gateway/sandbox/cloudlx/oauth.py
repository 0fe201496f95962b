"""OAuth 2 as CloudLX speaks it: client credentials and refresh, sent as JSON, as a form or in the query.

https://cloudlx.epsilontel.com/api-documentation/authentication
"""

from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import parse_qsl

from gateway.sandbox.accounts import CLOUDLX_CLIENT_ID, CLOUDLX_CLIENT_SECRET
from gateway.sandbox.exchange import Answer, Call, Refused, Row, Unreadable, read_json
from gateway.sandbox.knobs import CloudLXKnobs
from gateway.sandbox.tokens import Tokens

REFRESH_TOKEN_LIFETIME = 604_800.0
"""Seven days, in seconds."""
GRANTS = {"access-token": "client_credentials", "refresh-token": "refresh_token"}
DENIED = "The resource owner or authorization server denied the request."
BAD_CLIENT = "Client authentication failed."


def grant(
    call: Call,
    endpoint: str,
    *,
    tokens: Tokens,
    refresh_tokens: Tokens,
    knobs: CloudLXKnobs,
    refusal: Callable[[int, str], Answer],
) -> Answer:
    """Answer `POST /oauth2/{endpoint}`: a token, or the refusal of the grant or the client."""
    sent = _sent(call)
    if sent.get("grant_type") != GRANTS[endpoint]:
        raise Refused(refusal(HTTPStatus.BAD_REQUEST, 'The request is missing the "grant_type" parameter.'))
    if (sent.get("client_id"), sent.get("client_secret")) != (CLOUDLX_CLIENT_ID, CLOUDLX_CLIENT_SECRET):
        raise Refused(refusal(knobs.bad_client_status, BAD_CLIENT))
    if endpoint == "refresh-token":
        refresh_token = str(sent.get("refresh_token"))
        if not refresh_tokens.accepts(refresh_token):
            raise Refused(refusal(HTTPStatus.UNAUTHORIZED, DENIED))
        refresh_tokens.revoke(refresh_token)
    content = {
        "access_token": tokens.issue(knobs.token_lifetime),
        "token_type": "client_credentials",
        "expires_in": int(knobs.token_lifetime),
        "refresh_token": refresh_tokens.issue(REFRESH_TOKEN_LIFETIME),
    }
    return Answer(content=content)


def _sent(call: Call) -> Row:
    """Read the parameters from wherever clients of this vendor put them."""
    if call.media_type != "application/json":
        return {**dict(call.query), **dict(parse_qsl(call.body.decode("utf-8", "replace")))}
    try:
        return read_json(call.body, dict[str, object])
    except Unreadable:
        return {}
