"""Runs the stories, the Markdown files beside this module, block by block through a whole gateway over the simulators.

A fence says what its block is: ``json knobs`` turns simulators (provider → knobs), ``graphql`` is a query, ``json
variables`` are its variables, and ``json answer`` is the body that comes back, to the letter; there ``"…"`` stands for
anything, and ``"$name"`` keeps what stands in its place for later variables and, met again, must be the same.
"""

import json
import re
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Gateway, OpenGateway, Simulators

STORIES = sorted(Path(__file__).parent.glob("*.md"))
BLOCK = re.compile(r"^```(.+?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ANYTHING = "…"


def text_of(path: Path) -> str:
    """A story as it is written."""
    return path.read_text(encoding="utf-8")


def is_name(told: object) -> bool:
    """Whether a value of a story is the name of a kept one."""
    return isinstance(told, str) and told.startswith("$")


def recognised(told: Any, got: Any, kept: dict[str, Any]) -> Any:  # noqa: ANN401 - any JSON
    """What came back in the story's words: equal to ``told`` exactly when it is as told."""
    if told == ANYTHING or (is_name(told) and kept.setdefault(told, got) == got):
        return told
    if isinstance(told, dict) and isinstance(got, dict):
        return {key: recognised(told.get(key), value, kept) for key, value in got.items()}
    if isinstance(told, list) and isinstance(got, list):
        return [recognised(*pair, kept) for pair in zip_longest(told[: len(got)], got)]
    return got


def filled(told: Any, kept: dict[str, Any]) -> Any:  # noqa: ANN401 - any JSON
    """Variables with what was kept in the place of its names."""
    if isinstance(told, dict):
        return {key: filled(value, kept) for key, value in told.items()}
    if isinstance(told, list):
        return [filled(value, kept) for value in told]
    return kept[told] if is_name(told) else told


class Teller:
    """Tells one story: each kind of block is a step."""

    def __init__(self, gateway: Gateway, simulators: Simulators) -> None:
        self._gateway = gateway
        self._simulators = simulators
        self._query = ""
        self._variables: dict[str, Any] = {}
        self._kept: dict[str, Any] = {}
        self._steps = {
            "json knobs": self._turn,
            "graphql": self._take,
            "json variables": self._fill,
            "json answer": self._ask,
        }

    async def tell(self, story: str) -> None:
        """All blocks, in order."""
        for kind, text in BLOCK.findall(story):
            await self._steps[kind](text)

    async def _turn(self, text: str) -> None:
        for provider, knobs in json.loads(text).items():
            self._simulators.turn(provider, **knobs)

    async def _take(self, text: str) -> None:
        self._query, self._variables = text, {}

    async def _fill(self, text: str) -> None:
        self._variables = filled(json.loads(text), self._kept)

    async def _ask(self, text: str) -> None:
        told = json.loads(text)
        answer = await self._gateway.ask(self._query, self._variables)
        assert recognised(told, answer.body, self._kept) == told


@pytest.mark.parametrize("path", STORIES, ids=[path.stem for path in STORIES])
async def test_the_story_is_true(path: Path, gateway: OpenGateway, sandbox: Simulators) -> None:
    """Every query of the story, asked in its order, brings the answer that the story tells."""
    await Teller(await gateway(), sandbox).tell(text_of(path))


@pytest.mark.parametrize("path", STORIES, ids=[path.stem for path in STORIES])
def test_the_story_can_be_read(path: Path) -> None:
    """It opens with a title and prose, every fence is a block, and every query is answered."""
    story = text_of(path)
    kinds = [kind for kind, _ in BLOCK.findall(story)]
    assert re.match(r"# .+\n\n[A-Z].{40,}", story)
    assert story.count("```") == 2 * len(kinds)
    assert kinds.count("json answer") >= kinds.count("graphql") > 0
    assert kinds[-1] == "json answer"


@pytest.mark.parametrize(
    ("told", "got", "fits"),
    [
        ({"a": "…"}, {"a": [1, None]}, True),
        ({"a": "…"}, {}, False),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({"a": 1}, [1], False),
        ([1, "…"], [1, None], True),
        ([1], [1, 2], False),
        ([1, "…"], [1], False),
        (["$id", "$id"], ["x", "x"], True),
        (["$id", "$id"], ["x", "y"], False),
        (["$id", "$other"], ["x", "y"], True),
        (None, 0, False),
    ],
)
def test_an_answer_fits_or_it_does_not(told: object, got: object, fits: bool) -> None:
    """Objects and lists fit exactly, the dots fit anything, and a name fits what it stood for before."""
    assert (recognised(told, got, {}) == told) is fits


def test_names_are_filled_in() -> None:
    """Variables take what was kept, however deep the name stands; a name that nothing bears is an error."""
    assert filled({"ids": ["$id", "x"], "first": 3}, {"$id": "kept"}) == {"ids": ["kept", "x"], "first": 3}
    with pytest.raises(KeyError, match="id"):
        filled(["$id"], {})
