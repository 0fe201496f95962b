"""The points an account spends: one for each successful call, counted by the minute and by the day.

https://callgear.github.io/data_api/#limits-and-restrictions
"""

from typing import Literal, TypeAlias

from gateway.sandbox.callgear.errors import Mnemonic, RpcError
from gateway.sandbox.exchange import Row
from gateway.sandbox.knobs import Limits
from gateway.sandbox.tokens import Clock

Period: TypeAlias = Literal["minute", "day"]

SECONDS: dict[Period, int] = {"day": 86_400, "minute": 60}


class Points:
    """What was spent in the present minute and in the present day."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._spent: dict[tuple[Period, int], int] = {}
        self.refused = 0

    def check(self, limits: Limits | None) -> None:
        """Refuse a call for which no points are left."""
        for period in SECONDS:
            if limits is not None and self._used(period) >= _most(period, limits):
                self.refused += 1
                raise exceeded(period, limits)

    def charge(self) -> None:
        """Spend one point."""
        for period in SECONDS:
            used = self._used(period) + 1
            self._spent = {key: value for key, value in self._spent.items() if key[0] != period}
            self._spent[self._window(period)] = used

    def metadata(self, limits: Limits | None) -> Row:
        """Return `metadata.limits`; empty when no limits apply."""
        if limits is None:
            return {}
        row: Row = {}
        for period, seconds in SECONDS.items():
            most = _most(period, limits)
            row[f"{period}_limit"] = most
            row[f"{period}_remaining"] = max(0, most - self._used(period))
            row[f"{period}_reset"] = seconds - int(self._clock.now()) % seconds
        return row

    def _used(self, period: Period) -> int:
        return self._spent.get(self._window(period), 0)

    def _window(self, period: Period) -> tuple[Period, int]:
        return period, int(self._clock.now()) // SECONDS[period]


def exceeded(period: Period, limits: Limits) -> RpcError:
    """Return the error that says a limit is used up."""
    params: Row = {"limit_type": period, "limit_max_value": _most(period, limits)}
    return RpcError(Mnemonic.LIMIT_EXCEEDED, params=params)


def _most(period: Period, limits: Limits) -> int:
    return limits.minute_limit if period == "minute" else limits.day_limit
