"""What the suite runs over, and what is true at the simulators: which numbers the place behind a source holds."""

from collections.abc import Callable, Mapping
from typing import Any

from gateway.numbers.e164 import E164
from gateway.providers import PROVIDERS
from gateway.providers.protocol import Source
from gateway.sandbox.accounts import SUBACCOUNT_WITHOUT_LIST, sources, variants
from gateway.sandbox.exchange import Row
from gateway.sandbox.stock import Stock
from gateway.sandbox.world import Sandbox
from tests.conftest import Simulators

Table = Mapping[str, Any]
_TABLES: dict[str, dict[str, Any]] = {**sources("http://127.0.0.1"), **variants("http://127.0.0.1")}
NAMES: dict[str, str] = {name: str(table["provider"]) for name, table in _TABLES.items()}
"""The sources that the sandbox hands out, and the provider of each."""


def made(name: str, table: Table) -> Source:
    """A source of its provider's class, as the settings make it."""
    [kind] = [kind for kind in PROVIDERS if kind.slug == table["provider"]]
    settings: Any = kind.Settings.model_validate(table)
    return kind(name, settings)


def having(capability: type) -> list[str]:
    """The sources whose class satisfies a capability, whatever provider they are of."""
    return [name for name, table in _TABLES.items() if isinstance(made(name, table), capability)]


LISTED = [name for name, table in _TABLES.items() if SUBACCOUNT_WITHOUT_LIST not in table.values()]
"""The sources whose list can be read: one account of the sandbox has none, although its provider has."""
ONE_OF_EACH = [next(name for name in LISTED if NAMES[name] == kind.slug) for kind in PROVIDERS]
"""One source of every provider."""

E164_OF: dict[str, Callable[[Row], str]] = {
    "cloudlx": lambda row: str(row.get("number_e164") or f"{row['country_code']}{row['range_code']}{row['number']}"),
}
"""How a row says its number, where that is not one field: CloudLX may leave the whole number out."""


def table_of(simulators: Simulators, name: str) -> dict[str, Any]:
    """The settings of a source, whichever list it stands in."""
    return {**simulators.sources, **simulators.variants}[name]


def stock_of(world: Sandbox, table: Table) -> Stock:
    """The list behind a source: the one that its settings name, else the provider's only one."""
    stocks = world.simulators[table["provider"]].stocks
    named = [stock for place, stock in stocks.items() if place in table.values()]
    [stock] = named or stocks.values()
    return stock


def held(world: Sandbox, table: Table) -> list[E164]:
    """Every number the place holds, in the provider's own order."""
    stock = stock_of(world, table)
    read = E164_OF.get(str(table["provider"]))
    said = [str(row[stock.key]) if read is None else read(row) for row in stock.rows]
    return [E164(f"+{digits.removeprefix('+')}") for digits in said]
