"""Every story of this folder is true: its questions are put to the whole gateway, and answered as it tells."""

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Gateway, OpenGateway, Simulators
from tests.stories.story import Story, differences, filled, read

STORIES = sorted(Path(__file__).parent.glob("*.md"))


@pytest.mark.parametrize("path", STORIES, ids=[path.stem for path in STORIES])
async def test_a_story_is_true(sandbox: Simulators, gateway: OpenGateway, path: Path) -> None:
    """The gateway answers each question of the story as the story says."""
    await _run(read(path), sandbox, gateway)


async def _run(story: Story, sandbox: Simulators, opening: OpenGateway) -> None:
    """Ask a story's questions in their order; settings other than knobs open another gateway."""
    opened: Gateway | None = None
    known: dict[str, Any] = {}
    for step in story.steps:
        tables = dict(step.settings)
        for provider, knobs in tables.pop("knobs", {}).items():
            sandbox.turn(provider, **knobs)
        if opened is None or tables:
            changed = tables.pop("sources", {})
            sources = {name: {**table, **changed.get(name, {})} for name, table in sandbox.sources.items()}
            opened = await opening(sources, **tables)
        answer = await opened.ask(step.query, filled(step.variables, known), step.headers)
        assert differences(step.answer, answer.body, known) == []


def test_there_are_stories() -> None:
    """The folder is not empty, and each story has a title of its own."""
    titles = [read(path).title for path in STORIES]
    assert len(set(titles)) == len(STORIES) >= 8
