"""The runner sees a story that is not true, and a file that is no story."""

from pathlib import Path
from typing import Any

import pytest

from tests.stories.story import StoryBroken, differences, filled, read

TEXT = """# Two questions

```toml
[knobs.webex]
latency = 1
```

```http
Authorization: Bearer key: with a colon
```

```graphql
{ a }
```

```json
{"data": {"a": "…a"}}
```

The same again.

```json variables
{"a": ["…a", {"b": "…a"}, 1]}
```

```json
{"data": {"a": "…a"}}
```
"""


def test_a_story_is_read(tmp_path: Path) -> None:
    """Settings and variables belong to one step; the question and the headers hold on."""
    path = tmp_path / "a.md"
    path.write_text(TEXT, encoding="utf-8")
    story = read(path)
    first, second = story.steps
    assert story.title == "Two questions"
    assert (first.settings, second.settings) == ({"knobs": {"webex": {"latency": 1}}}, {})
    assert first.query == second.query == "{ a }\n"
    assert first.headers == second.headers == {"Authorization": "Bearer key: with a colon"}
    assert filled(second.variables, {"…a": 5}) == {"a": [5, {"b": 5}, 1]}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no title\n", "begins with its title"),
        ("# A title\nand nothing\n", "at least one question"),
        ("# A title\n```json\n{}\n```\n", "an answer without a question"),
        ("# A title\n```python\nx\n```\n", "python is no block"),
    ],
)
def test_what_is_no_story_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """A mistake in a story's form is named."""
    path = tmp_path / "a.md"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StoryBroken, match=said):
        read(path)


@pytest.mark.parametrize(
    ("told", "said", "lines"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2}, ["answer.a: 2 instead of 1"]),
        ({"a": 1}, {"a": True}, ["answer.a: True instead of 1"]),
        ({"a": None}, {}, ["answer: lacks a"]),
        ({}, {"a": 1}, ["answer: has a besides"]),
        ({"…": "…"}, {"a": 1}, []),
        ({"a": 1, "…": "…"}, {"b": 1}, ["answer: lacks a"]),
        ([1, 2], [1, 2], []),
        ([1], [1, 2], ["answer: has 2 items instead of 1"]),
        ([1, "…"], [1, 2, 3], []),
        (["…"], [], []),
        ([1, 2, "…"], [1], ["answer: has 1 items instead of 2 or more"]),
        ([{"a": 1}], [{"a": 2}], ["answer[0].a: 2 instead of 1"]),
        ("…", None, []),
        (["…x", "…x"], [1, 1], []),
        (["…x", "…x"], [1, 2], ["answer[1]: 2 is not the …x of before, 1"]),
        ([], {}, ["answer: {} instead of []"]),
    ],
)
def test_differences_are_found(told: Any, said: Any, lines: list[str]) -> None:  # noqa: ANN401 - any JSON
    """Wildcards allow what they stand for and nothing more; everything else is compared to the letter."""
    assert differences(told, said, {}) == lines
