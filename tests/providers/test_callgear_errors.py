"""CallGear's refusals: by mnemonic, whatever the status; questions put another way; and its sessions."""

import pytest

from gateway.errors import (
    SourceAuthFailed,
    SourceBadAnswer,
    SourceError,
    SourceForbidden,
    SourceMisconfigured,
    SourceRateLimited,
    SourceUnavailable,
)
from tests.providers.build import Json, callgear, page, response, sample

SOURCE = callgear()
METHOD = "get.available_virtual_numbers"

REMEDIES: list[tuple[str, type[SourceError]]] = [
    ("access_token_expired", SourceAuthFailed),
    ("access_token_invalid", SourceAuthFailed),
    ("access_token_blocked", SourceAuthFailed),
    ("auth_error", SourceAuthFailed),
    ("ip_not_whitelisted", SourceForbidden),
    ("forbidden", SourceForbidden),
    ("method_component_disabled", SourceForbidden),
    ("parameter_component_disabled", SourceForbidden),
    ("account_inactive", SourceForbidden),
    ("limit_exceeded", SourceRateLimited),
    ("internal_error", SourceUnavailable),
    ("parse_error", SourceMisconfigured),
    ("invalid_request", SourceMisconfigured),
    ("method_not_found", SourceMisconfigured),
    ("notifications_not_supported", SourceMisconfigured),
    ("batch_opreations_not_supported", SourceMisconfigured),
    ("batch_operations_not_supported", SourceMisconfigured),
    ("data_type_error", SourceMisconfigured),
    ("required_parameter_missed", SourceMisconfigured),
    ("invalid_parameter_value", SourceMisconfigured),
    ("unexpected_parameters", SourceMisconfigured),
    ("invalid_parameters_combination", SourceMisconfigured),
    ("error", SourceMisconfigured),
    ("sort_prohibited", SourceMisconfigured),
    ("filter_prohibited", SourceMisconfigured),
    ("date_interval_limit_reached", SourceMisconfigured),
    ("tariff_restrictions", SourceMisconfigured),
    ("virtual_phone_number_not_found", SourceMisconfigured),
    ("a_mnemonic_of_tomorrow", SourceMisconfigured),
]
MENDABLE = {
    "sort_prohibited",
    "filter_prohibited",
    "invalid_parameter_value",
    "data_type_error",
    "unexpected_parameters",
}
"""After these the same question can be put another way."""


def refused(error: Json, status: int = 200, **envelope: Json) -> SourceError:
    """What an error object is read as."""
    with pytest.raises(SourceError) as raised:
        SOURCE.read(response({"jsonrpc": "2.0", "id": None, "error": error} | envelope, status))
    return raised.value


@pytest.mark.parametrize("status", [200, 400, 401, 500])
@pytest.mark.parametrize(("mnemonic", "kind"), REMEDIES)
def test_the_mnemonic_decides(mnemonic: str, kind: type[SourceError], status: int) -> None:
    """Traps: codes are not unique; the HTTP status of errors is not documented; the id may be null.

    A mnemonic that neither has a remedy of its own nor tells how to ask otherwise leaves it to a status that says more.
    """
    error = refused({"code": -32602, "message": "secret sentence", "data": {"mnemonic": mnemonic}}, status)
    by_status = {400: SourceMisconfigured, 401: SourceAuthFailed, 500: SourceUnavailable}
    says_more = kind is not SourceMisconfigured or mnemonic in MENDABLE
    assert type(error) is (kind if says_more else by_status.get(status, kind))
    assert error.reason == (mnemonic if says_more or status == 200 else "")
    assert "secret sentence" not in str(error)


@pytest.mark.parametrize(
    ("body", "kind", "reason", "wait"),
    [
        ("callgear/error-limit-minute.json", SourceRateLimited, "limit_exceeded", 17_000),
        ("callgear/error-limit-day.json", SourceRateLimited, "limit_exceeded", 1_800_000),
        ("callgear/error-ip.json", SourceForbidden, "ip_not_whitelisted", None),
        ("callgear/error-sort.json", SourceMisconfigured, "sort_prohibited", None),
    ],
)
def test_recorded_refusals(body: str, kind: type[SourceError], reason: str, wait: int | None) -> None:
    """The kind, the provider's own word and the wait it asks for; never the address its sentence shows."""
    with pytest.raises(kind) as raised:
        SOURCE.read(sample(body))
    assert (raised.value.reason, raised.value.retry_after_ms) == (reason, wait)
    assert "198.51.100.7" not in str(raised.value)


def limited(limits: Json, kind: str = "minute") -> Json:
    """A refusal for too many calls."""
    return {"data": {"mnemonic": "limit_exceeded", "params": {"limit_type": kind}, "metadata": {"limits": limits}}}


@pytest.mark.parametrize(
    ("error", "wait", "reason"),
    [
        (limited({"minute_reset": 5, "day_reset": 9}), 5_000, "the minute's"),
        (limited({"minute_reset": 5, "day_reset": 9}, "day"), 9_000, "the day's"),
        (limited({"day_reset": 86_400}, "day"), 3_600_000, "an hour at most"),
        (limited({"minute_reset": "5"}), 5_000, "as text"),
        (limited({"minute_reset": -5}), None, "a time that has passed is no wait"),
        (limited({}), None, "no limits"),
        (limited([]), None, "an empty array"),
        (limited(None), None, "null"),
        ({"data": {"mnemonic": "limit_exceeded", "params": [], "metadata": []}}, None, "nothing at all"),
        ({"data": {"mnemonic": "limit_exceeded"}}, None, "left out"),
    ],
)
def test_the_wait_after_too_many_calls(error: Json, wait: int | None, reason: str) -> None:
    """The reset of the limit that was hit; what cannot be read is no wait, and never another error."""
    said = refused(error)
    assert (type(said), said.retry_after_ms) == (SourceRateLimited, wait), reason


@pytest.mark.parametrize(
    "error",
    [
        {},
        {"data": None},
        {"data": []},
        {"data": {}},
        {"data": {"mnemonic": None}},
        {"data": {"mnemonic": 5}},
        {"data": {"mnemonic": "With Spaces <b>"}},
        {"data": {"mnemonic": "a" * 65}},
        {"code": -32600, "message": "x"},
    ],
    ids=repr,
)
def test_an_error_without_a_mnemonic_is_a_refusal(error: Json) -> None:
    """An error object is an error, however little it says; the HTTP status says more where it is one."""
    assert type(refused(error)) is SourceMisconfigured
    assert str(refused(error)) == "CallGear answered an unnamed error: it refused how it was asked."
    assert type(refused(error, 401)) is SourceAuthFailed
    assert type(refused(error, 503)) is SourceUnavailable


def test_an_error_beside_a_result_is_an_error() -> None:
    """Result and error together: the result is not believed."""
    both = page("callgear", {"phone_number": "74993720692"})
    assert type(refused({"data": {"mnemonic": "internal_error"}}, **both)) is SourceUnavailable


ENVELOPES: list[tuple[Json, str]] = [
    ({"jsonrpc": "2.0", "id": METHOD}, "neither result nor error"),
    ({"jsonrpc": "2.0", "id": METHOD, "result": None}, "a null result"),
    ({"jsonrpc": "2.0", "id": METHOD, "result": None, "error": None}, "both null"),
    ({"jsonrpc": "2.0", "id": METHOD, "result": {}}, "a result without data"),
    ({"jsonrpc": "2.0", "id": METHOD, "result": {"data": None}}, "null data"),
    ({"jsonrpc": "2.0", "id": METHOD, "result": {"data": {}}}, "an object for the list"),
    ({"jsonrpc": "2.0", "id": METHOD, "result": []}, "a list for the object"),
    ({"jsonrpc": "2.0", "id": METHOD, "error": "broken"}, "a text for the error"),
    ({"jsonrpc": "2.0", "id": METHOD, "error": []}, "a list for the error"),
    (page("callgear") | {"id": "another"}, "the answer to another question"),
    (page("callgear") | {"id": 5}, "the answer to a question with a number"),
    (page("callgear") | {"id": None}, "a result without an id"),
    (page("callgear") | {"id": "login.user"}, "the answer to a log-in"),
    ([page("callgear")], "a batch"),
]


@pytest.mark.parametrize(("body", "reason"), ENVELOPES)
def test_a_broken_envelope_is_a_bad_answer(body: Json, reason: str) -> None:
    """A 200 that is not the answer to this question is no answer, and not an empty list."""
    with pytest.raises(SourceBadAnswer):
        SOURCE.read(response(body))
    assert reason


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (b"<html>502</html>", 502, SourceUnavailable),
        (b"", 503, SourceUnavailable),
        (b'{"message": "Unauthorized"}', 401, SourceAuthFailed),
        (b'{"timestamp": 1, "status": 500, "error": "Internal Server Error"}', 500, SourceUnavailable),
        (b"[]", 404, SourceMisconfigured),
        (b"<html></html>", 200, SourceBadAnswer),
    ],
)
def test_without_json_rpc_the_status_decides(body: bytes, status: int, kind: type[SourceError]) -> None:
    """Gateways in front of the service answer for themselves."""
    with pytest.raises(kind):
        SOURCE.read(response(body, status))


def test_the_page_s_placeholders_are_no_answer() -> None:
    """The documented structure of a reply, with words for values, is refused and not read as a number."""
    with pytest.raises(SourceBadAnswer):
        SOURCE.read(sample("callgear/placeholders.json"))
