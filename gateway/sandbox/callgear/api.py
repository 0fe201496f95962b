"""CallGear's Data API: one URL, JSON-RPC 2.0, the token in the body.

https://callgear.github.io/data_api/: `login.user`, `logout.user` and `get.available_virtual_numbers`.
"""

from http import HTTPStatus
from random import Random

from gateway.sandbox import accounts
from gateway.sandbox.callgear.available import PARAMETERS, available
from gateway.sandbox.callgear.envelope import (
    Procedure,
    failure,
    identifier_of,
    read_procedure,
    result,
    transport_error,
)
from gateway.sandbox.callgear.errors import Mnemonic, RpcError
from gateway.sandbox.callgear.market import ROWS, market
from gateway.sandbox.callgear.points import Points
from gateway.sandbox.exchange import Answer, Call, Errand, Row
from gateway.sandbox.knobs import CallGearKnobs
from gateway.sandbox.simulator import Simulator
from gateway.sandbox.stock import Stock
from gateway.sandbox.tokens import Tokens

APP_ID = 100_500
METHODS = {
    "login.user": frozenset({"login", "password"}),
    "logout.user": frozenset({"access_token"}),
    "get.available_virtual_numbers": PARAMETERS,
}
"""The methods and the parameters each may have."""


class CallGear(Simulator):
    """CallGear with one account: a customer's key, an agent's key, and a login."""

    name = "callgear"
    identity = frozenset({"phone_number"})
    words = frozenset({"category"})
    knobs: CallGearKnobs

    def stock(self, random: Random) -> dict[str, Stock]:
        """Make the numbers on offer."""
        return {"market": market(random, self.rows or ROWS)}

    def reset(self) -> None:
        """Return to the beginning."""
        super().reset()
        self.knobs = CallGearKnobs()
        self.sessions = Tokens(self.clock, self.begin("tokens"), "callgear")
        self.points = Points(self.clock)

    @property
    def violations(self) -> int:
        """Those beyond the points are counted as well."""
        return super().violations + self.points.refused

    def errand(self, call: Call) -> Errand:
        """Tell a list from a look-up by `phone_number` and from a login."""
        try:
            procedure = read_procedure(call.body)
        except RpcError:
            return Errand.OTHER
        if procedure.method != "get.available_virtual_numbers":
            return Errand.TOKEN if procedure.method in METHODS else Errand.OTHER
        return Errand.LOOKUP if _names_numbers(procedure.params.get("filter")) else Errand.LIST

    def refusal(self, status: int) -> Answer:
        """Return the page of the web server in front of the API: below JSON-RPC there are no documented errors."""
        title = f"{status} {HTTPStatus(status).phrase}"
        page = f"<html>\r\n<head><title>{title}</title></head>\r\n<body><center><h1>{title}</h1></center></body>\r\n</html>"
        return Answer(status=status, body=page.encode(), media_type="text/html")

    def failed(self, call: Call, error: RpcError) -> Answer:
        """Return an error in JSON-RPC with the id of the call."""
        return failure(identifier_of(call.body), error, self.points.metadata(self.knobs.limits))

    def answer(self, call: Call) -> Answer:
        """Answer one call."""
        if self.knobs.expire_tokens:
            self.sessions.expire()
            self.knobs.expire_tokens = False
        if call.path != ("v2.0",):
            return self.refusal(HTTPStatus.NOT_FOUND)
        status = HTTPStatus.METHOD_NOT_ALLOWED if call.method != "POST" else transport_error(call)
        if status is not None:
            return self.refusal(status)
        try:
            procedure = read_procedure(call.body)
            data, metadata = self._performed(procedure)
        except RpcError as error:
            return self.failed(call, error)
        self.points.charge()
        limits = self.points.metadata(self.knobs.limits)
        return result(procedure.id, data, {"limits": limits, **metadata} if limits else metadata)

    def _performed(self, procedure: Procedure) -> tuple[object, Row]:
        """Check and carry out a procedure; return its data and the metadata beside the limits."""
        params = procedure.params
        if procedure.method not in METHODS:
            raise RpcError(Mnemonic.METHOD_NOT_FOUND)
        if procedure.method == "login.user":
            self._check(procedure)
            return self._login(params), {}
        self._authorize(params)
        self._check(procedure)
        if procedure.method == "logout.user":
            self.sessions.revoke(str(params["access_token"]))
            return {"success": True}, {}
        rows, total = available(self.stocks["market"].rows, params, self.knobs)
        return rows, {"total_items": total}

    def _check(self, procedure: Procedure) -> None:
        self.points.check(self.knobs.limits)
        for name, value in procedure.params.items():
            if name not in METHODS[procedure.method]:
                raise RpcError(Mnemonic.UNEXPECTED_PARAMETERS, name, value)

    def _authorize(self, params: Row) -> None:
        token = _text(params, "access_token")
        if token not in {accounts.CALLGEAR_KEY, accounts.CALLGEAR_AGENT_KEY} and not self.sessions.accepts(token):
            raise RpcError(Mnemonic.ACCESS_TOKEN_INVALID)
        if token == accounts.CALLGEAR_AGENT_KEY and "user_id" not in params:
            raise RpcError(Mnemonic.REQUIRED_PARAMETER_MISSED, "user_id")
        user = params.get("user_id", accounts.CALLGEAR_USER_ID)
        if isinstance(user, bool) or not isinstance(user, int):
            raise RpcError(Mnemonic.DATA_TYPE_ERROR, "user_id", user)
        if user != accounts.CALLGEAR_USER_ID:
            raise RpcError(Mnemonic.FORBIDDEN)

    def _login(self, params: Row) -> Row:
        given = (_text(params, "login"), _text(params, "password"))
        if given != (accounts.CALLGEAR_LOGIN, accounts.CALLGEAR_PASSWORD):
            raise RpcError(Mnemonic.AUTH_ERROR)
        lifetime = self.knobs.token_lifetime
        return {
            "access_token": self.sessions.issue(lifetime),
            "expire_at": int(self.clock.now() + lifetime),
            "app_id": APP_ID,
        }


def _text(params: Row, name: str) -> str:
    if name not in params:
        raise RpcError(Mnemonic.REQUIRED_PARAMETER_MISSED, name)
    value = params[name]
    if not isinstance(value, str):
        raise RpcError(Mnemonic.DATA_TYPE_ERROR, name, value)
    return value


def _names_numbers(node: object) -> bool:
    """Tell whether a filter asks for particular numbers: `=` or `in` on `phone_number`, alone or joined by `or`."""
    match node:
        case {"field": "phone_number", "operator": "=" | "in"}:
            return True
        case {"filters": [*children], "condition": "or"}:
            return bool(children) and all(_names_numbers(child) for child in children)
        case _:
            return False
