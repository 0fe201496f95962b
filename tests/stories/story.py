"""How a story is written: a Markdown file whose fenced blocks are run in their order, and what its wildcards mean.

| block | means |
|---|---|
| ``toml`` | settings over those of the five sandbox sources; ``[knobs.<provider>]`` turns a simulator's knobs, at once |
| ``http`` | headers of the questions that follow |
| ``graphql`` | a question |
| ``json variables`` | its variables |
| ``json`` | the whole answer to it |

In an answer ``"…"`` stands for any value, ``"…name"`` for any value that is remembered, and for that very value
from then on, in variables too. A list that ends with ``"…"`` may go on, an object with a key ``"…"`` may have more.
"""

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ANYTHING = "…"
_BLOCK = re.compile(r"^```([a-z]+(?: variables)?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_KINDS = frozenset({"toml", "http", "graphql", "json variables", "json"})


class StoryBroken(Exception):
    """The file is not a story: a block is unknown, or an answer has no question."""


@dataclass
class Step:
    """One question, with what is turned before it and what it is answered."""

    query: str
    answer: Any
    settings: dict[str, Any] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Story:
    """A title and its steps."""

    title: str
    steps: list[Step]


def read(path: Path) -> Story:
    """The story of a file.

    Raises:
        StoryBroken: it is none.
    """
    text = path.read_text(encoding="utf-8")
    title = re.match("# (.+)\n", text)
    if title is None:
        msg = f"{path.name}: a story begins with its title: # …"
        raise StoryBroken(msg)
    steps = list(_steps(path.name, text))
    if not steps:
        msg = f"{path.name}: a story has at least one question and its answer"
        raise StoryBroken(msg)
    return Story(title[1], steps)


def _steps(name: str, text: str) -> Iterator[Step]:
    """Each answer ends a step; headers and the question itself hold on until others are given."""
    query, settings, headers, variables = "", {}, {}, {}
    for kind, body in _BLOCK.findall(text):
        if kind not in _KINDS:
            msg = f"{name}: {kind} is no block of a story; there are {', '.join(sorted(_KINDS))}"
            raise StoryBroken(msg)
        if kind == "toml":
            settings = tomllib.loads(body)
        elif kind == "http":
            headers = dict(line.split(": ", 1) for line in body.splitlines())
        elif kind == "graphql":
            query = body
        elif kind == "json variables":
            variables = json.loads(body)
        elif not query:
            msg = f"{name}: an answer without a question: {body[:40]}"
            raise StoryBroken(msg)
        else:
            yield Step(query, json.loads(body), settings, variables, headers)
            settings, variables = {}, {}


def filled(value: Any, known: dict[str, Any]) -> Any:  # noqa: ANN401 - any JSON
    """Variables with what was remembered put in."""
    if isinstance(value, dict):
        return {name: filled(held, known) for name, held in value.items()}
    if isinstance(value, list):
        return [filled(held, known) for held in value]
    return known[value] if isinstance(value, str) and value.startswith(ANYTHING) else value


def differences(told: Any, said: Any, known: dict[str, Any], at: str = "answer") -> list[str]:  # noqa: ANN401 - any JSON
    """Where an answer is not as the story tells it, one line each; ``known`` collects what wildcards remember."""
    if isinstance(told, str) and told.startswith(ANYTHING):
        if told == ANYTHING:
            return []
        expected = known.setdefault(told, said)
        return [] if expected == said else [f"{at}: {said!r} is not the {told} of before, {expected!r}"]
    if isinstance(told, dict) and isinstance(said, dict):
        return _of_objects(told, said, known, at)
    if isinstance(told, list) and isinstance(said, list):
        return _of_lists(told, said, known, at)
    return [] if _same(told, said) else [f"{at}: {said!r} instead of {told!r}"]


def _same(told: Any, said: Any) -> bool:  # noqa: ANN401 - any JSON
    """JSON knows true from 1."""
    return type(told) is type(said) and bool(told == said)


def _of_objects(told: dict[str, Any], said: dict[str, Any], known: dict[str, Any], at: str) -> list[str]:
    lacking = [f"{at}: lacks {name}" for name in told if name not in said and name != ANYTHING]
    surplus = [] if ANYTHING in told else [f"{at}: has {name} besides" for name in said if name not in told]
    inner = [
        line for name in told if name in said for line in differences(told[name], said[name], known, f"{at}.{name}")
    ]
    return [*lacking, *surplus, *inner]


def _of_lists(told: list[Any], said: list[Any], known: dict[str, Any], at: str) -> list[str]:
    goes_on = told[-1:] == [ANYTHING]
    items = told[:-1] if goes_on else told
    if len(said) < len(items) or (len(said) > len(items) and not goes_on):
        return [f"{at}: has {len(said)} items instead of {len(items)}{' or more' * goes_on}"]
    pairs = zip(items, said, strict=False)
    return [line for place, pair in enumerate(pairs) for line in differences(*pair, known, f"{at}[{place}]")]
