"""Every failure that a simulator can show, at every provider: the list or the right code, in time, and never a surprise."""

import pytest

from gateway.errors import (
    AllSourcesFailed,
    SourceAuthFailed,
    SourceBadAnswer,
    SourceError,
    SourceForbidden,
    SourceMisconfigured,
    SourceRateLimited,
    SourceTimeout,
    SourceTooLarge,
    SourceUnavailable,
)
from gateway.sandbox.faults import FAULTS, faults_of
from tests.conftest import PATIENCE, OpenRooms, Simulators
from tests.contract.known import cases
from tests.contract.test_listing import whole
from tests.contract.truth import NAMES, ONE_OF_EACH, table_of

CODES: dict[type[SourceError], str] = {
    SourceTimeout: "hang drip",
    SourceUnavailable: """reset hang_up http_423 http_500 http_502 http_503 http_504 html_502 unavailable_retry_after
        internal_error error_with_http_500 null_error_id""",
    SourceRateLimited: """http_429 http_429_date http_429_past http_429_garbage http_429_absent
        limit_exceeded_minute limit_exceeded_day""",
    SourceAuthFailed: "http_401 auth_in_200 rpc_error token_500_bad_client",
    SourceForbidden: "http_403",
    SourceBadAnswer: """reset_midway short_body html_200 redirect redirect_loop truncated_json invalid_json empty_body
        deep_json nan list_for_object bad_gzip utf16 oversized_headers scalar_items failing_status_code
        missing_payload wrong_id result_and_error neither array_envelope""",
    SourceTooLarge: "huge gzip_bomb",
}
"""What each failure of a list is called."""
CODE_OF = {fault: error for error, faults in CODES.items() for fault in faults.split()}
OTHERWISE: dict[tuple[str, str], type[SourceError]] = {
    ("platform_errors", "8x8"): SourceUnavailable,
    ("result_and_error", "callgear"): SourceUnavailable,
}
"""Failures that are harmless, or named otherwise, at one provider."""
CELLS = [(name, fault) for name in ONE_OF_EACH for fault in faults_of(NAMES[name])]


@pytest.mark.parametrize(("name", "fault"), cases(CELLS))
async def test_a_failure_has_its_code(sandbox: Simulators, rooms: OpenRooms, name: str, fault: str) -> None:
    """A list that cannot be read says why by its code; nothing but a source's error ever comes out."""
    provider = NAMES[name]
    errand = "token" if FAULTS[fault].errands else "list"
    sandbox.turn(provider, fault=fault, fault_on=errand, drip_interval=0.2, huge_bytes=34_000_000)
    opened = await rooms({name: {**table_of(sandbox, name), "timeout": 0.2 if fault in {"hang", "drip"} else PATIENCE}})
    expected = OTHERWISE.get((fault, provider), CODE_OF.get(fault))
    if expected is None:
        assert (await whole(opened, name)).complete
        return
    with pytest.raises(AllSourcesFailed) as told:
        await whole(opened, name)
    assert type(told.value.failures[name]) is expected


WAITS = {
    "http_423": 7000,
    "http_429": 7000,
    "unavailable_retry_after": 7000,
    "http_429_past": 0,
    "http_429_absent": None,
}
WAITS |= {"http_429_garbage": None}


@pytest.mark.parametrize("name", ONE_OF_EACH)
@pytest.mark.parametrize("fault", WAITS)
async def test_the_wait_that_is_asked_for(sandbox: Simulators, rooms: OpenRooms, name: str, fault: str) -> None:
    """How long a provider wants to be left alone is handed on, and nothing is made of what cannot be read."""
    sandbox.turn(NAMES[name], fault=fault, retry_after=7)
    with pytest.raises(AllSourcesFailed) as told:
        await whole(await rooms({name: table_of(sandbox, name)}), name)
    assert told.value.failures[name].retry_after_ms == WAITS[fault]


async def test_the_wait_of_a_used_up_minute(sandbox: Simulators, rooms: OpenRooms) -> None:
    """CallGear's points tell in seconds when they come back, the day's longer than the minute's."""
    waits = []
    for fault in ("limit_exceeded_minute", "limit_exceeded_day"):
        sandbox.turn("callgear", fault=fault)
        with pytest.raises(AllSourcesFailed) as told:
            await whole(await rooms({"market": sandbox.sources["market"]}), "market")
        waits.append(told.value.failures["market"].retry_after_ms or 0)
    assert 0 < waits[0] <= 60_000
    assert waits[0] < waits[1] <= 3_600_000


def test_every_failure_is_in_the_table() -> None:
    """No name in the tables is one that no simulator has."""
    assert set(CODE_OF) <= set(FAULTS)
    assert {fault for fault, _ in OTHERWISE} <= set(FAULTS)
    assert SourceMisconfigured not in CODES
