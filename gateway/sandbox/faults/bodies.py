"""Faults of the body as a whole: broken JSON, other shapes, and sizes no client should swallow."""

import json
import math
from dataclasses import replace
from http import HTTPStatus

from gateway.sandbox.exchange import Answer
from gateway.sandbox.faults.fault import Act, Fault, Scene
from gateway.sandbox.faults.rows import each

DEEP = 100_000
"""Levels of the deeply nested body."""


def _body(body: bytes) -> Act:
    def act(answer: Answer, _: Scene) -> Answer:
        return replace(answer, status=HTTPStatus.OK, body=body)

    return act


def _truncated(answer: Answer, _: Scene) -> Answer:
    whole = answer.encoded()
    return replace(answer, body=whole[: len(whole) // 2])


def _huge(answer: Answer, scene: Scene) -> Answer:
    filling = b" " * scene.simulator.knobs.huge_bytes
    return replace(answer, body=answer.encoded() + filling)


def _not_a_number(answer: Answer, _: Scene) -> Answer:
    """Write NaN for every fraction, and once at the top, as Python's own JSON writer does."""
    spoilt = each(answer, lambda row: {name: math.nan if isinstance(v, float) else v for name, v in row.items()})
    return replace(answer, body=json.dumps({"drift": math.nan, **spoilt.members}).encode())


def _list_for_object(answer: Answer, _: Scene) -> Answer:
    return replace(answer, content=[answer.content])


def _duplicate_keys(answer: Answer, _: Scene) -> Answer:
    """Say every top-level key twice; readers that keep the last one see the truth."""
    untrue = "".join(f"{json.dumps(name)}:null," for name in answer.members)
    return replace(answer, body=answer.encoded().replace(b"{", b"{" + untrue.encode(), 1))


BODIES = tuple(
    Fault(name=name, meaning=meaning, act=act)
    for name, act, meaning in (
        ("truncated_json", _truncated, "The first half of the body, with a matching Content-Length."),
        ("invalid_json", _body(b"{'numbers': [,]}"), "A body that is not JSON."),
        ("empty_body", _body(b""), "200 with no body."),
        ("deep_json", _body(b"[" * DEEP + b"]" * DEEP), "Arrays nested 100,000 deep."),
        ("huge", _huge, "The true body, and `huge_bytes` of spaces after it."),
        ("nan", _not_a_number, "NaN where fractions stand, which JSON does not know."),
        ("list_for_object", _list_for_object, "The body wrapped in an array."),
        ("duplicate_keys", _duplicate_keys, "Every top-level key twice, the truth last."),
    )
)
