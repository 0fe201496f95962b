"""The control panel under `/control`: knobs, reset, clock, call log and the sender of 8x8 events, all in JSON.

| request | does |
|---|---|
| `GET /control` | every knob of every provider with its meaning and present value, and every fault with its meaning; how many calls came, and how many beyond a limit |
| `PATCH /control/{provider}` | turns the knobs named in the body, all or none; answers that provider's knobs |
| `POST /control/reset` | data, knobs, tokens, counters, clock and log as they were in the beginning |
| `POST /control/clock` | `{"advance": seconds}` sets the sandbox's clock forward |
| `GET /control/calls?provider=` | the calls received, newest last, without credentials |
| `DELETE /control/calls` | forgets them |
| `POST /control/churn` | `{"changes": count}` changes rows at random, so many at every provider |
| `GET /control/churn` | the numbers that came or went since the beginning (`moved`), and those that were `altered` |
| `POST /control/8x8/events` | sends a Virtual Number Updated event; see `eight_by_eight.events` |

Providers are `8x8`, `webex`, `cloudlx` and `callgear`. A knob that does not exist or does not take the value is a 400
that names it. The knobs themselves are described where they are defined, in `knobs`.
"""

from http import HTTPStatus

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.sandbox.callgear.errors import Mnemonic
from gateway.sandbox.eight_by_eight.events import EventOrder, send_event
from gateway.sandbox.exchange import read_json
from gateway.sandbox.faults import FAULTS, faults_of
from gateway.sandbox.knobs import Count, KnobRefused, describe, turn
from gateway.sandbox.world import Sandbox


class _Advance(Struct, forbid_unknown_fields=True):
    advance: float


class _Churn(Struct, forbid_unknown_fields=True):
    changes: Count


class Panel:
    """The handlers of the control panel."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    async def overview(self, _: Request) -> Response:
        """`GET /control`."""
        simulators = self.sandbox.simulators
        return _json(
            {
                "knobs": {name: describe(simulator.knobs) for name, simulator in simulators.items()},
                "faults": {
                    fault.name: {
                        "meaning": fault.meaning,
                        "providers": [name for name in simulators if fault.happens_at(name)],
                    }
                    for fault in FAULTS.values()
                },
                "calls": dict(self.sandbox.journal.counts),
                "violations": {name: simulator.violations for name, simulator in simulators.items()},
            }
        )

    async def turn(self, request: Request) -> Response:
        """`PATCH /control/{provider}`."""
        name = request.path_params["provider"]
        if name not in self.sandbox.simulators:
            return _json({"error": f"there is no provider {name}"}, HTTPStatus.NOT_FOUND)
        knobs = self.sandbox.simulators[name].knobs
        changes = read_json(await request.body(), dict[str, object])
        _check_words(name, changes)
        turn(knobs, changes)
        return _json(describe(knobs))

    async def reset(self, _: Request) -> Response:
        """`POST /control/reset`."""
        self.sandbox.reset()
        return _json({})

    async def clock(self, request: Request) -> Response:
        """`POST /control/clock`."""
        self.sandbox.clock.advance(read_json(await request.body(), _Advance).advance)
        return _json({"now": self.sandbox.clock.now()})

    async def calls(self, request: Request) -> Response:
        """`GET /control/calls`."""
        return _json({"calls": self.sandbox.journal.of(request.query_params.get("provider"))})

    async def forget(self, _: Request) -> Response:
        """`DELETE /control/calls`."""
        self.sandbox.journal.clear()
        return _json({})

    async def churn(self, request: Request) -> Response:
        """`POST /control/churn`."""
        changes = read_json(await request.body(), _Churn).changes
        for simulator in self.sandbox.simulators.values():
            simulator.churn(changes)
        return _json({})

    async def churned(self, _: Request) -> Response:
        """`GET /control/churn`: `{provider: {place: {"moved", "altered"}}}`, numbers as the provider writes them."""
        simulators = self.sandbox.simulators.items()
        return _json(
            {
                name: {
                    place: {"moved": stock.moved, "altered": stock.altered} for place, stock in simulator.stocks.items()
                }
                for name, simulator in simulators
            }
        )

    async def events(self, request: Request) -> Response:
        """`POST /control/8x8/events`."""
        order = read_json(await request.body(), EventOrder)
        return _json(await send_event(self.sandbox.eight_by_eight, order))


def routes(sandbox: Sandbox) -> list[Route]:
    """Return the routes of the control panel."""
    panel = Panel(sandbox)
    return [
        Route("/control", panel.overview, methods=["GET"]),
        Route("/control/reset", panel.reset, methods=["POST"]),
        Route("/control/clock", panel.clock, methods=["POST"]),
        Route("/control/calls", panel.calls, methods=["GET"]),
        Route("/control/calls", panel.forget, methods=["DELETE"]),
        Route("/control/churn", panel.churn, methods=["POST"]),
        Route("/control/churn", panel.churned, methods=["GET"]),
        Route("/control/8x8/events", panel.events, methods=["POST"]),
        Route("/control/{provider}", panel.turn, methods=["PATCH"]),
    ]


async def refuse(_: Request, error: Exception) -> Response:
    """Answer 400 with what was wrong."""
    return _json({"error": str(error)}, HTTPStatus.BAD_REQUEST)


def _check_words(provider: str, changes: dict[str, object]) -> None:
    """Refuse the name of a failure or of an error that the provider does not have."""
    for knob, words in (("fault", faults_of(provider)), ("mnemonic", list(Mnemonic))):
        word = changes.get(knob)
        if isinstance(word, str) and word not in words:
            message = f"{knob}: {provider} has no {word}; it has {', '.join(words)}"
            raise KnobRefused(message)


def _json(content: object, status: int = HTTPStatus.OK) -> Response:
    return Response(msgspec.json.encode(content), status, media_type="application/json")
