"""The rows of one list, how they change while being read, and the numbers that several providers hold at once."""

from collections.abc import Callable, Container, Iterable
from random import Random

from gateway.sandbox.exchange import Row

EVERYWHERE = "+442079460123"
"""A number that all four providers hold."""

HELD_BY: dict[str, frozenset[str]] = {
    number: frozenset(names.split())
    for names, numbers in {
        "8x8 webex cloudlx callgear": (EVERYWHERE, "+12142065501"),
        "8x8 webex callgear": ("+442078120417", "+12147390055"),
        "8x8 webex cloudlx": ("+442083940771", "+12149416602"),
        "webex cloudlx callgear": ("+441612890034", "+441314605512", "+12053277718", "+12129867403"),
        "8x8 cloudlx": ("+6562210044", "+6563390871", "+6567740019"),
        "8x8 callgear": ("+12134480926", "+14156730148", "+442073105520"),
        "webex cloudlx": ("+441245660718", "+441216405533", "+18884420917"),
        "webex callgear": ("+19727781204", "+442085001946", "+12148830275"),
        "cloudlx callgear": ("+442071230088", "+441617722093", "+12123370641"),
    }.items()
    for number in numbers
}
"""Numbers in E.164 that several providers hold, as happens after a porting, with the names of those providers."""


def shared_with(provider: str) -> list[str]:
    """Return the shared numbers that `provider` holds."""
    return [number for number, holders in HELD_BY.items() if provider in holders]


class Stock:
    """The rows of one list in the order the provider keeps them, which is not the order of the numbers."""

    def __init__(
        self,
        rows: Iterable[Row],
        *,
        key: str,
        kept: Container[object],
        draw: Callable[[Random], Row],
        alter: Callable[[Random, Row], None],
    ) -> None:
        """Take the rows, the field of their number, and the numbers that churn never touches.

        `draw` makes one more row and `alter` changes a row in place.
        """
        self.rows = list(rows)
        self.key = key
        self._kept = kept
        self._draw = draw
        self._alter = alter
        self.moved: set[object] = set()
        self.altered: set[object] = set()

    def copy(self) -> "Stock":
        """Return a list of its own with copies of the rows."""
        return Stock(map(dict, self.rows), key=self.key, kept=self._kept, draw=self._draw, alter=self._alter)

    def find(self, number: object) -> Row | None:
        """Return the row of a number."""
        return next((row for row in self.rows if row.get(self.key) == number), None)

    def churn(self, random: Random, changes: int) -> list[Row]:
        """Insert, delete, renumber or alter a row, `changes` times; return the rows that are new or altered.

        `moved` notes the numbers that came or went, `altered` those of which something else changed. Rows without a
        number stay as they are.
        """
        touched: list[Row] = []
        for _ in range(changes):
            place = random.randrange(len(self.rows))
            change = random.choice(("insert", "delete", "renumber", "alter"))
            number = self.rows[place].get(self.key)
            if change == "insert" or (isinstance(number, str) and number not in self._kept):
                touched += self._change(random, change, place)
        return touched

    def _change(self, random: Random, change: str, place: int) -> list[Row]:
        """Put what is new or altered in the place of a row, or before it; return that."""
        row = self.rows[place]
        stop = place if change == "insert" else place + 1
        if change == "alter":
            fresh = [dict(row)]
            self._alter(random, fresh[0])
            self.altered.add(row[self.key])
        else:
            drawn = [] if change == "delete" else [self._draw(random)]
            fresh = [new for new in drawn if self.find(new[self.key]) is None]
            self.moved |= {held[self.key] for held in (*self.rows[place:stop], *fresh)}
        self.rows[place:stop] = fresh
        return fresh
