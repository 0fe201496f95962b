"""The endpoints of 8x8 Voice around numbers: list, check and webhook registration.

https://developer.8x8.com/connect/reference/check-virtual-number and the list beside it; the error bodies are those of
the vendor's voice status codes and of its platform-wide API error codes.
"""

import re
from datetime import UTC, datetime
from http import HTTPStatus
from random import Random
from uuid import UUID

from gateway.sandbox.accounts import EIGHT_BY_EIGHT_KEY, SUBACCOUNT, SUBACCOUNT_WITHOUT_LIST
from gateway.sandbox.eight_by_eight.pool import ROWS, pools, stamp
from gateway.sandbox.eight_by_eight.webhooks import Webhooks
from gateway.sandbox.exchange import Answer, Call, Errand, Refused
from gateway.sandbox.knobs import EightByEightKnobs
from gateway.sandbox.simulator import Simulator
from gateway.sandbox.stock import Stock

PLATFORM_CODES = {400: 1002, 401: 1200, 403: 1201, 404: 1300}
"""Codes of the platform's error family by HTTP status; all others are 2000, internal."""
TEXTS = {
    401: "Authentication header not found or token invalid",
    404: "Not Found",
    500: "Internal server error",
}


class EightByEight(Simulator):
    """8x8 Voice with two subaccounts, one of which has no list."""

    name = "8x8"
    identity = frozenset({"msisdn"})
    words = frozenset({"operationalStatus", "numberType", "status"})
    knobs: EightByEightKnobs

    def stock(self, random: Random) -> dict[str, Stock]:
        """Make the numbers of each subaccount."""
        return pools(random, self.rows or ROWS)

    def reset(self) -> None:
        """Return to the beginning."""
        super().reset()
        self.knobs = EightByEightKnobs()
        self.webhooks = {subaccount: Webhooks(subaccount) for subaccount in self.stocks}
        self.touched: set[object] = set()

    def churn(self, changes: int) -> None:
        """Change numbers of the listed subaccount and remember them for the next UPDATES event."""
        now = self.now()
        for row in self.stocks[SUBACCOUNT].churn(self.random, changes):
            row["dateUpdated"] = now
            self.touched.add(row["msisdn"])

    def errand(self, call: Call) -> Errand:
        """Tell a list from a check."""
        match call.path:
            case (_, _, _, _, "numbers"):
                return Errand.LIST
            case (_, _, _, _, "numbers", _):
                return Errand.LOOKUP
            case _:
                return Errand.OTHER

    def refusal(self, status: int) -> Answer:
        """Return the voice family's error body."""
        return self._voice(status, status, TEXTS.get(status, HTTPStatus(status).phrase))

    def platform_error(self, status: int) -> Answer:
        """Return the platform family's error body."""
        content = {
            "code": PLATFORM_CODES.get(status, 2000),
            "message": TEXTS.get(status, HTTPStatus(status).phrase),
            "errorId": self.error_id(),
            "timestamp": self.now(),
        }
        return Answer(status=status, content=content)

    def error_id(self) -> str:
        """Return a fresh error identifier."""
        return str(UUID(int=self.random.getrandbits(128), version=4))

    def answer(self, call: Call) -> Answer:
        """Answer one call; a wrong key is refused before anything else is looked at."""
        try:
            return self._authorized(call)
        except Refused as refused:
            return refused.answer

    def _authorized(self, call: Call) -> Answer:
        if call.bearer != EIGHT_BY_EIGHT_KEY:
            return self.refusal(HTTPStatus.UNAUTHORIZED)
        match call.path:
            case ("api", "v1", "subaccounts", subaccount, "numbers"):
                return self._list(self._pool(subaccount, call, "GET"), subaccount)
            case ("api", "v1", "subaccounts", subaccount, "numbers", number):
                return self._check(self._pool(subaccount, call, "GET"), number)
            case ("api", "v1", "subaccounts", subaccount, "webhooks", *kind):
                self._pool(subaccount, call, "GET", "POST", "DELETE")
                return self.webhooks[subaccount].answer(call, kind, self.error_id())
            case _:
                return self.platform_error(HTTPStatus.NOT_FOUND)

    def _pool(self, subaccount: str, call: Call, *methods: str) -> Stock:
        if subaccount not in self.stocks:
            text = f"SubAccount not found by Id : {subaccount}"
            raise Refused(self._voice(HTTPStatus.NOT_FOUND, HTTPStatus.NOT_FOUND, text))
        if call.method not in methods:
            raise Refused(self.platform_error(HTTPStatus.METHOD_NOT_ALLOWED))
        return self.stocks[subaccount]

    def _list(self, pool: Stock, subaccount: str) -> Answer:
        """All numbers at once: query parameters are not read, there are no pages."""
        if subaccount == SUBACCOUNT_WITHOUT_LIST:
            return self.platform_error(HTTPStatus.NOT_FOUND)
        content = {
            "totalNumbers": len(pool.rows) + self.knobs.total_off_by,
            "lastUpdatedAt": max(str(row.get("dateUpdated", "")) for row in pool.rows),
            "numbers": pool.rows,
            "statusCode": 0,
            "statusMessage": "ok",
        }
        return Answer(content=content, rows_at=("numbers",))

    def _check(self, pool: Stock, number: str) -> Answer:
        pattern = r"[0-9]{7,10}" if self.knobs.enforce_documented_pattern else r"[0-9]+"
        if not re.fullmatch(pattern, number):
            return self._voice(HTTPStatus.BAD_REQUEST, -1002, f"Invalid number: must match ^{pattern}$")
        row = pool.find(f"+{number}")
        if row is None:
            return self._voice(HTTPStatus.NOT_FOUND, HTTPStatus.NOT_FOUND, f"Virtual number not found : {number}")
        payload = {name: row[name] for name in ("referenceId", "msisdn", "countryCode") if name in row}
        content = {"statusCode": 0, "statusMessage": "ok", "timestamp": self.now(), "payload": payload}
        return Answer(content=content, rows_at=("payload",))

    def _voice(self, status: int, code: int, message: str) -> Answer:
        content = {"statusCode": code, "statusMessage": message, "timestamp": self.now()}
        return Answer(status=status, content=content)

    def now(self) -> str:
        """Return the sandbox's time as the vendor writes it."""
        return stamp(datetime.fromtimestamp(self.clock.now(), UTC))
