"""The log of the calls that the simulators received, with credentials left out."""

from collections import Counter, deque
from urllib.parse import parse_qsl, urlsplit

from msgspec import Struct

from gateway.sandbox.exchange import Call, Unreadable, read_json

LONGEST = 10_000
"""Calls that are kept; older ones are forgotten."""
HIDDEN = "***"
SECRETS = frozenset({"access_token", "refresh_token", "client_secret", "password", "login"})


class Entry(Struct, kw_only=True):
    """One call. `status` is null while the call is unanswered, and 0 when its connection was broken instead."""

    provider: str
    method: str
    path: str
    query: dict[str, object]
    rpc_method: str | None
    rpc_params: object
    errand: str
    fault: str | None
    status: int | None
    at: float


class Journal:
    """Calls, newest last."""

    def __init__(self) -> None:
        self.entries: deque[Entry] = deque(maxlen=LONGEST)
        self.counts: Counter[str] = Counter()

    def open(self, provider: str, call: Call, *, errand: str, fault: str | None, at: float) -> Entry:
        """Note a call that has arrived; its status follows."""
        url = urlsplit(call.target)
        method, params = _remote_procedure(call.body)
        entry = Entry(
            provider=provider,
            method=call.method,
            path=url.path,
            query={name: _shown(name, value) for name, value in parse_qsl(url.query, keep_blank_values=True)},
            rpc_method=method,
            rpc_params=params,
            errand=errand,
            fault=fault,
            status=None,
            at=at,
        )
        self.entries.append(entry)
        self.counts[provider] += 1
        return entry

    def of(self, provider: str | None = None) -> list[Entry]:
        """Return the calls of one provider, or of all."""
        return [entry for entry in list(self.entries) if provider in {None, entry.provider}]

    def clear(self) -> None:
        """Forget all calls."""
        self.entries.clear()
        self.counts.clear()


def _remote_procedure(body: bytes) -> tuple[str | None, object]:
    try:
        request = read_json(body, dict[str, object])
    except Unreadable:
        return None, None
    if "jsonrpc" not in request:
        return None, None
    return str(request.get("method")), _redacted(request.get("params"))


def _redacted(params: object) -> object:
    if not isinstance(params, dict):
        return None
    return {name: _shown(name, value) for name, value in params.items()}


def _shown(name: str, value: object) -> object:
    return HIDDEN if name in SECRETS else value
