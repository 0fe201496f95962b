"""What came once is worth remembering as seen, not as held: what never comes again would push out what does."""

from collections import OrderedDict
from collections.abc import Hashable

MOST = 10_000


class Sightings:
    """The last so many things that came once."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._marks: OrderedDict[int, None] = OrderedDict()

    def again(self, what: Hashable) -> bool:
        """Whether it came before; it is forgotten here then, since whoever asks keeps it from now on."""
        mark = hash(what)
        if mark in self._marks:
            del self._marks[mark]
            return True
        self._marks[mark] = None
        if len(self._marks) > self._most:
            self._marks.popitem(last=False)
        return False
