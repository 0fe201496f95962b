"""Faults that only one provider's way of speaking allows."""

from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus

from gateway.sandbox.callgear.api import CallGear
from gateway.sandbox.callgear.errors import Mnemonic, RpcError
from gateway.sandbox.callgear.points import Period, exceeded
from gateway.sandbox.cloudlx.oauth import BAD_CLIENT
from gateway.sandbox.eight_by_eight.api import EightByEight
from gateway.sandbox.exchange import Answer, Errand, Row
from gateway.sandbox.faults.fault import Act, Fault, Scene
from gateway.sandbox.knobs import Limits

DEPRECATED: Row = {"current_version_deprecated": True, "current_version": "v2.0", "latest_version": "v3.0"}
"""What `metadata.api_version` says in the two months before a version ends."""


def _failing_status_code(answer: Answer, _: Scene) -> Answer:
    content = {"statusCode": -9999, "statusMessage": "Unknown error"}
    return replace(answer, status=HTTPStatus.OK, content=content, rows_at=())


def _missing_payload(answer: Answer, _: Scene) -> Answer:
    content = {name: value for name, value in answer.members.items() if name not in {"payload", "numbers"}}
    return replace(answer, content=content, rows_at=())


def _string_status_code(answer: Answer, _: Scene) -> Answer:
    content = answer.members
    return replace(answer, content=content | {"statusCode": str(content.get("statusCode", 0))})


def _platform_errors(answer: Answer, scene: Scene) -> Answer:
    assert isinstance(scene.simulator, EightByEight)
    failed = answer.status >= HTTPStatus.BAD_REQUEST
    return scene.simulator.platform_error(answer.status if failed else HTTPStatus.INTERNAL_SERVER_ERROR)


def _bad_client(_: Answer, __: Scene) -> Answer:
    content = {"message": BAD_CLIENT, "status_code": 500}
    return Answer(status=HTTPStatus.INTERNAL_SERVER_ERROR, content=content)


def _rpc_error(error: Callable[[CallGear], RpcError]) -> Act:
    def act(_: Answer, scene: Scene) -> Answer:
        assert isinstance(scene.simulator, CallGear)
        return scene.simulator.failed(scene.call, error(scene.simulator))

    return act


def _chosen(callgear: CallGear) -> RpcError:
    """Return the error that the knob `mnemonic` names."""
    mnemonic = Mnemonic(callgear.knobs.mnemonic)
    if mnemonic is Mnemonic.LIMIT_EXCEEDED:
        return exceeded("minute", callgear.knobs.limits or Limits())
    return RpcError(mnemonic)


def _mnemonic(mnemonic: Mnemonic) -> Act:
    return _rpc_error(lambda _: RpcError(mnemonic))


def _limit(period: Period) -> Act:
    return _rpc_error(lambda callgear: exceeded(period, callgear.knobs.limits or Limits()))


def _error_with_http_500(answer: Answer, scene: Scene) -> Answer:
    return replace(_mnemonic(Mnemonic.INTERNAL_ERROR)(answer, scene), status=HTTPStatus.INTERNAL_SERVER_ERROR)


def _null_error_id(answer: Answer, scene: Scene) -> Answer:
    failed = _mnemonic(Mnemonic.INTERNAL_ERROR)(answer, scene)
    return replace(failed, content=failed.members | {"id": None})


def _wrong_id(answer: Answer, _: Scene) -> Answer:
    return replace(answer, content=answer.members | {"id": "someone-else"})


def _string_id(answer: Answer, _: Scene) -> Answer:
    content = answer.members
    return replace(answer, content=content | {"id": str(content.get("id"))})


def _result_and_error(answer: Answer, scene: Scene) -> Answer:
    error = _mnemonic(Mnemonic.INTERNAL_ERROR)(answer, scene).members["error"]
    return replace(answer, content=answer.members | {"error": error})


def _neither(answer: Answer, _: Scene) -> Answer:
    content = {name: value for name, value in answer.members.items() if name not in {"result", "error"}}
    return replace(answer, content=content, rows_at=())


def _array_envelope(answer: Answer, _: Scene) -> Answer:
    return replace(answer, content=[answer.content], rows_at=())


def _metadata(change: Row) -> Act:
    def act(answer: Answer, _: Scene) -> Answer:
        content = answer.members
        result = content.get("result")
        if not isinstance(result, dict):
            return answer
        return replace(answer, content=content | {"result": result | {"metadata": result["metadata"] | change}})

    return act


def _of(provider: str, *faults: tuple[str, Act, bool, str], errands: tuple[Errand, ...] = ()) -> tuple[Fault, ...]:
    return tuple(
        Fault(name=name, meaning=meaning, act=act, instead=instead, providers=(provider,), errands=errands)
        for name, act, instead, meaning in faults
    )


DIALECTS = (
    *_of(
        "8x8",
        ("failing_status_code", _failing_status_code, True, "200 with a `statusCode` that says failure."),
        ("missing_payload", _missing_payload, False, "200 without `payload` or `numbers`."),
        ("string_status_code", _string_status_code, False, "`statusCode` as text."),
        ("platform_errors", _platform_errors, False, "Errors in the platform's family; successes become its 500."),
    ),
    *_of(
        "cloudlx",
        ("token_500_bad_client", _bad_client, True, "The token endpoint refuses the client with a 500."),
        errands=(Errand.TOKEN,),
    ),
    *_of(
        "callgear",
        (
            "auth_in_200",
            _mnemonic(Mnemonic.ACCESS_TOKEN_INVALID),
            True,
            "The error `access_token_invalid` inside a 200.",
        ),
        ("internal_error", _mnemonic(Mnemonic.INTERNAL_ERROR), True, "The error `internal_error` inside a 200."),
        (
            "rpc_error",
            _rpc_error(_chosen),
            True,
            "The error named by the knob `mnemonic`.",
        ),
        ("limit_exceeded_minute", _limit("minute"), True, "The error `limit_exceeded` for the minute."),
        ("limit_exceeded_day", _limit("day"), True, "The error `limit_exceeded` for the day."),
        ("error_with_http_500", _error_with_http_500, True, "A JSON-RPC error with HTTP 500."),
        ("null_error_id", _null_error_id, True, "A JSON-RPC error whose id is null."),
        ("wrong_id", _wrong_id, False, "An answer with another request's id."),
        ("string_id", _string_id, False, "The id as text."),
        ("result_and_error", _result_and_error, False, "An answer with `result` and with `error`."),
        ("neither", _neither, False, "An answer with neither `result` nor `error`."),
        ("array_envelope", _array_envelope, False, "The answer wrapped in an array, as for a batch."),
        (
            "api_version_deprecated",
            _metadata({"api_version": DEPRECATED}),
            False,
            "The version is announced as ending.",
        ),
        ("empty_limits", _metadata({"limits": {}}), False, "`metadata.limits` is empty."),
    ),
)
