"""The JSON-RPC 2.0 envelope: what the Data API demands of a request before it looks at the method.

https://callgear.github.io/data_api/#conventions and #fields-common-to-all-methods
"""

from dataclasses import dataclass
from http import HTTPStatus

from gateway.sandbox.callgear.errors import Mnemonic, RpcError
from gateway.sandbox.exchange import Answer, Call, Row, Unreadable, read_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Procedure:
    """One JSON-RPC request that is well formed."""

    id: str | int | float
    method: str
    params: Row


def transport_error(call: Call) -> int | None:
    """Return the HTTP status for a request that breaks the rules of transport: JSON in UTF-8 of a declared length."""
    charset = call.headers.get("content-type", "").partition(";")[2].replace(" ", "").lower()
    if call.media_type != "application/json" or charset not in {"", "charset=utf-8"}:
        return HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    if "content-length" not in call.headers:
        return HTTPStatus.LENGTH_REQUIRED
    return None


def read_procedure(body: bytes) -> Procedure:
    """Read a request, or refuse it with the error that names what is wrong."""
    try:
        request = read_json(body, object)
    except Unreadable as error:
        raise RpcError(Mnemonic.PARSE_ERROR) from error
    if isinstance(request, list):
        raise RpcError(Mnemonic.BATCH_OPERATIONS_NOT_SUPPORTED)
    if not isinstance(request, dict) or request.get("jsonrpc") != "2.0":
        raise RpcError(Mnemonic.INVALID_REQUEST)
    if "id" not in request:
        raise RpcError(Mnemonic.NOTIFICATIONS_NOT_SUPPORTED)
    identifier, method, params = request["id"], request.get("method"), request.get("params")
    if isinstance(identifier, bool) or not isinstance(identifier, (str, int, float)):
        raise RpcError(Mnemonic.INVALID_REQUEST)
    if not isinstance(method, str) or not isinstance(params, dict):
        raise RpcError(Mnemonic.INVALID_REQUEST)
    return Procedure(id=identifier, method=method, params=params)


def identifier_of(body: bytes) -> object:
    """Return the id an error is answered with: the request's own where it can be read, else null."""
    try:
        return read_procedure(body).id
    except RpcError:
        return None


def result(identifier: object, data: object, metadata: Row) -> Answer:
    """Return a successful answer."""
    content = {"jsonrpc": "2.0", "id": identifier, "result": {"metadata": metadata, "data": data}}
    return Answer(content=content, rows_at=("result", "data"), media_type="application/json; charset=UTF-8")


def failure(identifier: object, error: RpcError, limits: Row) -> Answer:
    """Return an error; its HTTP status is 200, as for every answer in JSON-RPC here."""
    content = {"jsonrpc": "2.0", "id": identifier, "error": error.content(limits)}
    return Answer(content=content, media_type="application/json; charset=UTF-8")
