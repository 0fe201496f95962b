"""Webex Calling's "Get Call Queue Primary Available Phone Numbers" and the token endpoint.

https://developer.webex.com/docs/api/v1/features-call-queue/get-call-queue-primary-available-phone-numbers
"""

import re
from http import HTTPStatus
from random import Random
from urllib.parse import parse_qsl
from uuid import UUID

from gateway.sandbox import accounts
from gateway.sandbox.exchange import Answer, Call, Errand, Refused, Row
from gateway.sandbox.knobs import WebexKnobs
from gateway.sandbox.paging import page, page_size
from gateway.sandbox.simulator import Simulator
from gateway.sandbox.stock import Stock
from gateway.sandbox.tokens import Tokens
from gateway.sandbox.webex.inventory import ROWS_IN_A_LOCATION, locations
from gateway.sandbox.webex.links import link_header

DEFAULT_MAX = 2000
REFRESH_TOKEN_LIFETIME = 7_776_000
"""Ninety days, in seconds; every use renews it."""
PARAMETERS = frozenset({"orgId", "max", "start", "phoneNumber"})
TEXTS = {
    400: "The request could not be understood by the server due to malformed syntax.",
    401: "The request requires a valid access token set in the Authorization request header.",
    403: "The server understood the request, but refused to fulfill it because the access token is missing required "
    "scopes or the user is missing required roles or licenses.",
    404: "The requested resource could not be found.",
    423: "The requested resource is temporarily unavailable.",
    429: "Too many requests have been sent in a given amount of time and the request has been rate limited.",
    504: "An upstream server failed to respond on time. If your query uses max parameter, please try to reduce it.",
}
UUIDS = {accounts.DALLAS_UUID: accounts.DALLAS, accounts.LONDON_UUID: accounts.LONDON}
NAMES = {"dallas": accounts.DALLAS, "london": accounts.LONDON}


class Webex(Simulator):
    """Webex Calling with one organization and two locations."""

    name = "webex"
    identity = frozenset({"phoneNumber"})
    words = frozenset({"state", "telephonyType"})
    knobs: WebexKnobs

    def stock(self, random: Random) -> dict[str, Stock]:
        """Make the numbers of each location."""
        return locations(random, self.rows or ROWS_IN_A_LOCATION)

    def reset(self) -> None:
        """Return to the beginning."""
        super().reset()
        self.knobs = WebexKnobs()
        self.tokens = Tokens(self.clock, self.begin("tokens"), "webex")

    def errand(self, call: Call) -> Errand:
        """Tell a list from a look-up by `phoneNumber` and from a renewal."""
        match call.path:
            case ("v1", "access_token"):
                return Errand.TOKEN
            case (*_, "availableNumbers"):
                return Errand.LOOKUP if any(name == "phoneNumber" for name, _ in call.query) else Errand.LIST
            case _:
                return Errand.OTHER

    def refusal(self, status: int, description: str = "") -> Answer:
        """Return Webex's error body: a message, its details and a tracking id, which a header repeats."""
        message = TEXTS.get(status, HTTPStatus(status).phrase)
        tracking = f"ROUTERGW_{UUID(int=self.random.getrandbits(128), version=4)}"
        content = {
            "message": message,
            "errors": [{"description": description or message}],
            "trackingId": tracking,
        }
        return Answer(status=status, content=content, headers=(("trackingid", tracking),))

    def answer(self, call: Call) -> Answer:
        """Answer one call."""
        if self.knobs.expire_tokens:
            self.tokens.expire()
            self.knobs.expire_tokens = False
        try:
            return self._routed(call)
        except Refused as refused:
            return refused.answer

    def _routed(self, call: Call) -> Answer:
        match call.method, call.path:
            case "POST", ("v1", "access_token"):
                return self._renewed(call)
            case "GET", ("v1", "telephony", "config", "locations", location, "queues", "availableNumbers"):
                self._authorize(call)
                return self._numbers(call, UUIDS.get(location, location))
            case _, ("v1", "access_token") | ("v1", *_, "availableNumbers"):
                return self.refusal(HTTPStatus.METHOD_NOT_ALLOWED)
            case _:
                return self.refusal(HTTPStatus.NOT_FOUND)

    def _authorize(self, call: Call) -> None:
        if call.bearer == accounts.WEBEX_TOKEN_WITHOUT_SCOPE:
            raise Refused(self.refusal(HTTPStatus.FORBIDDEN))
        if call.bearer != accounts.WEBEX_TOKEN and not self.tokens.accepts(call.bearer):
            raise Refused(self.refusal(HTTPStatus.UNAUTHORIZED))

    def _numbers(self, call: Call, location: str) -> Answer:
        query = self._query(call)
        if location not in self.stocks:
            return self.refusal(HTTPStatus.NOT_FOUND)
        forbidden = self.knobs.location_forbidden or ""
        if NAMES.get(forbidden, UUIDS.get(forbidden, forbidden)) == location:
            return self.refusal(HTTPStatus.FORBIDDEN)
        asked = self._number(query, "max", DEFAULT_MAX, 1)
        if self.knobs.timeout_above is not None and asked > self.knobs.timeout_above:
            return self.refusal(HTTPStatus.GATEWAY_TIMEOUT)
        size = page_size(asked, self.knobs)
        start = self._number(query, "start", 0, 0)
        rows = self._matching(self.stocks[location].rows, query.get("phoneNumber"))
        chosen = page(rows, start, size, self.knobs)
        end = start + len(chosen)
        headers = link_header(call, query | {"max": str(size)}, start, end, self.knobs.link) if end < len(rows) else ()
        tracking = f"ROUTERGW_{UUID(int=self.random.getrandbits(128), version=4)}"
        return Answer(
            content={"phoneNumbers": chosen},
            headers=(("trackingid", tracking), *headers),
            rows_at=("phoneNumbers",),
        )

    def _matching(self, rows: list[Row], numbers: str | None) -> list[Row]:
        """Filter by a comma-separated list; a `+` sent unencoded has become a space and matches nothing."""
        if numbers is None or self.knobs.ignore_filter:
            return rows
        wanted = set(numbers.split(","))
        return [row for row in rows if row["phoneNumber"] in wanted]

    def _query(self, call: Call) -> dict[str, str]:
        query: dict[str, str] = {}
        for name, value in call.query:
            if name not in PARAMETERS and self.knobs.refuse_unknown_parameters:
                raise Refused(self.refusal(HTTPStatus.BAD_REQUEST, f"Unknown query parameter: {name}"))
            query[name] = f"{query[name]},{value}" if name in query else value
        if query.get("orgId", accounts.WEBEX_ORGANIZATION) != accounts.WEBEX_ORGANIZATION:
            raise Refused(self.refusal(HTTPStatus.FORBIDDEN))
        return query

    def _number(self, query: dict[str, str], name: str, default: int, least: int) -> int:
        text = query.get(name, str(default))
        if not (re.fullmatch("[0-9]{1,9}", text) and int(text) >= least):
            raise Refused(self.refusal(HTTPStatus.BAD_REQUEST, f"{name} must be an integer of at least {least}"))
        return int(text)

    def _renewed(self, call: Call) -> Answer:
        """Exchange a refresh token: `grant_type=refresh_token&client_id&client_secret&refresh_token`, as a form."""
        if call.media_type != "application/x-www-form-urlencoded":
            return self.refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        form = dict(parse_qsl(call.body.decode("utf-8", "replace")))
        if form.pop("grant_type", None) != "refresh_token":
            return self.refusal(HTTPStatus.BAD_REQUEST, "grant_type must be refresh_token")
        expected = {
            "client_id": accounts.WEBEX_CLIENT_ID,
            "client_secret": accounts.WEBEX_CLIENT_SECRET,
            "refresh_token": accounts.WEBEX_REFRESH_TOKEN,
        }
        if form != expected:
            return self.refusal(HTTPStatus.UNAUTHORIZED, "The client or the refresh token is not valid.")
        lifetime = self.knobs.token_lifetime
        content = {
            "access_token": self.tokens.issue(lifetime),
            "token_type": "Bearer",
            "expires_in": int(lifetime),
            "refresh_token": accounts.WEBEX_REFRESH_TOKEN,
            "refresh_token_expires_in": REFRESH_TOKEN_LIFETIME,
        }
        return Answer(content=content)
