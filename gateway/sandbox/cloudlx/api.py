"""CloudLX's list of numbers behind the manners of its framework: vendor Accept header, `message` and `status_code`.

https://cloudlx.epsilontel.com/api-documentation/numbers/list
"""

import re
from http import HTTPStatus
from random import Random

from gateway.sandbox.accounts import CLOUDLX_TOKEN
from gateway.sandbox.cloudlx.catalogue import ROWS, catalogue
from gateway.sandbox.cloudlx.oauth import DENIED, GRANTS, grant
from gateway.sandbox.exchange import Answer, Call, Errand, Refused, Row
from gateway.sandbox.knobs import CloudLXKnobs
from gateway.sandbox.paging import page, page_size
from gateway.sandbox.simulator import Simulator
from gateway.sandbox.stock import Stock
from gateway.sandbox.tokens import Tokens

ACCEPT = "application/vnd.cloudlx.v1+json"
LARGEST_PAGE = 200
PARAMETERS = frozenset({"search", "max_per_page", "page"})
RATE_LIMIT = 60
TEXTS = {
    401: "Failed to authenticate because of bad credentials or an invalid authorization header.",
    404: "404 Not Found",
    405: "405 Method Not Allowed",
    429: "You have exceeded your rate limit.",
}


class CloudLX(Simulator):
    """CloudLX with one account."""

    name = "cloudlx"
    identity = frozenset({"uuid", "number_e164"})
    words = frozenset({"status"})
    knobs: CloudLXKnobs

    def stock(self, random: Random) -> dict[str, Stock]:
        """Make the numbers of the account."""
        return {"account": catalogue(random, self.rows or ROWS)}

    def reset(self) -> None:
        """Return to the beginning."""
        super().reset()
        self.knobs = CloudLXKnobs()
        self.tokens = Tokens(self.clock, self.begin("tokens"), "cloudlx")
        self.refresh_tokens = Tokens(self.clock, self.begin("refresh tokens"), "cloudlx-refresh")

    def errand(self, call: Call) -> Errand:
        """Tell a list from a search and from a token."""
        match call.path:
            case ("api", "oauth2", _):
                return Errand.TOKEN
            case ("api", "numbers"):
                return Errand.LOOKUP if any(name == "search" for name, _ in call.query) else Errand.LIST
            case _:
                return Errand.OTHER

    def refusal(self, status: int, message: str = "", errors: dict[str, list[str]] | None = None) -> Answer:
        """Return the framework's error body, and its throttling headers with a 429."""
        content: Row = {"message": message or TEXTS.get(status, HTTPStatus(status).phrase), "status_code": status}
        if errors:
            content["errors"] = errors
        headers: tuple[tuple[str, str], ...] = ()
        if status == HTTPStatus.TOO_MANY_REQUESTS and self.knobs.calls_per_minute is None:
            reset = int(self.clock.now() + self.knobs.retry_after)
            limits = {"limit": RATE_LIMIT, "remaining": 0, "reset": reset}
            headers = tuple((f"x-ratelimit-{name}", str(value)) for name, value in limits.items())
        return Answer(status=status, content=content, headers=headers)

    def stated(self, limit: int) -> tuple[tuple[str, str], ...]:
        """Return the framework's throttling headers, which every answer has where there is a limit."""
        return self.throttle.headers(limit)

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
        accepted = [media.partition(";")[0].strip() for media in call.headers.get("accept", "").split(",")]
        if self.knobs.strict_accept and ACCEPT not in accepted:
            text = "Accept header could not be properly parsed because of a strict matching process."
            return self.refusal(HTTPStatus.BAD_REQUEST, text)
        match call.method, call.path:
            case "POST", ("api", "oauth2", endpoint) if endpoint in GRANTS:
                return grant(
                    call,
                    endpoint,
                    tokens=self.tokens,
                    refresh_tokens=self.refresh_tokens,
                    knobs=self.knobs,
                    refusal=self.refusal,
                )
            case "GET", ("api", "numbers"):
                return self._numbers(call)
            case _, ("api", "numbers") | ("api", "oauth2", "access-token" | "refresh-token"):
                return self.refusal(HTTPStatus.METHOD_NOT_ALLOWED)
            case _:
                return self.refusal(HTTPStatus.NOT_FOUND)

    def _numbers(self, call: Call) -> Answer:
        if not call.bearer:
            return self.refusal(HTTPStatus.UNAUTHORIZED)
        if call.bearer != CLOUDLX_TOKEN and not self.tokens.accepts(call.bearer):
            return self.refusal(HTTPStatus.UNAUTHORIZED, DENIED)
        query = self._query(call)
        asked = int(query.get("max_per_page", self.knobs.default_page_size))
        size = page_size(min(asked, LARGEST_PAGE), self.knobs)
        rows = self._matching(query.get("search"))
        chosen = page(rows, (int(query.get("page", 1)) - 1) * size, size, self.knobs)
        total = len(chosen if self.knobs.total_is_page_count else rows) + self.knobs.total_off_by
        content = {
            "numbers": chosen,
            "num_results": total,
            "paginates": (len(rows) > size) != self.knobs.paginates_lies,
        }
        return Answer(content=content, rows_at=("numbers",))

    def _matching(self, digits: str | None) -> list[Row]:
        rows = self.stocks["account"].rows
        if digits is None or self.knobs.ignore_filter:
            return rows
        if self.knobs.search_loses_zeros:
            digits = str(int(digits))
        field = "number_e164" if self.knobs.search_in == "e164" else "number"
        return [row for row in rows if digits in str(row.get(field, ""))]

    def _query(self, call: Call) -> dict[str, str]:
        """Read the query; everything wrong with it is named in one 422."""
        query = dict(call.query)
        errors: dict[str, list[str]] = {}
        for name, value in query.items():
            if name not in PARAMETERS:
                if self.knobs.refuse_unknown_parameters:
                    errors[name] = [f"The {name} field is not allowed."]
            elif not re.fullmatch("[0-9]{1,15}", value):
                errors[name] = [f"The {name} must be an integer."]
            elif name != "search" and int(value) < 1:
                errors[name] = [f"The {name} must be at least 1."]
            elif name == "max_per_page" and int(value) > LARGEST_PAGE and not self.knobs.clamp_page_size:
                errors[name] = [f"The {name} may not be greater than {LARGEST_PAGE}."]
        if errors:
            raise Refused(self.refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "422 Unprocessable Entity", errors))
        return query
