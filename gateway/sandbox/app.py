"""The ASGI application: four providers and their control panel, each below its own path."""

from collections.abc import Mapping
from types import MappingProxyType

from starlette.applications import Starlette
from starlette.routing import Mount

from gateway.sandbox.control import refuse, routes
from gateway.sandbox.endpoint import Endpoint
from gateway.sandbox.exchange import Unreadable
from gateway.sandbox.knobs import KnobRefused
from gateway.sandbox.world import Sandbox


def create_sandbox(seed: int = 1, rows: Mapping[str, int] = MappingProxyType({})) -> Starlette:
    """Make the four simulators; equal seeds make equal data. `app.state.sandbox` is the `Sandbox` behind them.

    `rows` says how long each list of a provider is (`{"cloudlx": 20_000}`), where it is not to be as long as usual; a
    few hundred are the least that hold one of everything.
    """
    sandbox = Sandbox(seed, rows)
    mounts = [
        Mount(f"/{name}", app=Endpoint(simulator, sandbox.journal)) for name, simulator in sandbox.simulators.items()
    ]
    app = Starlette(
        routes=[*mounts, *routes(sandbox)],
        exception_handlers={KnobRefused: refuse, Unreadable: refuse},
    )
    app.router.redirect_slashes = False
    app.state.sandbox = sandbox
    return app
