"""Faults that answer with another HTTP status."""

from collections.abc import Callable
from dataclasses import replace
from email.utils import formatdate
from http import HTTPStatus

from gateway.sandbox.exchange import Answer
from gateway.sandbox.faults.fault import Act, Fault, Scene

HTML = (
    b"<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n"
)
"""A page of a proxy in front of an API."""
AN_HOUR = 3600


def _status(status: int) -> Act:
    def act(_: Answer, scene: Scene) -> Answer:
        return scene.simulator.refusal(status)

    return act


def _seconds(scene: Scene) -> str:
    seconds = scene.simulator.knobs.retry_after
    return str(int(seconds) if seconds == int(seconds) else seconds)


def _date(scene: Scene) -> str:
    return formatdate(scene.simulator.clock.now() + scene.simulator.knobs.retry_after, usegmt=True)


def _past(scene: Scene) -> str:
    return formatdate(scene.simulator.clock.now() - AN_HOUR, usegmt=True)


def _garbage(_: Scene) -> str:
    return "soon"


def _retry_after(status: int, wait: Callable[[Scene], str]) -> Act:
    def act(_: Answer, scene: Scene) -> Answer:
        answer = scene.simulator.refusal(status)
        return replace(answer, headers=(*answer.headers, ("retry-after", wait(scene))))

    return act


def _html(status: int) -> Act:
    def act(_: Answer, __: Scene) -> Answer:
        return Answer(status=status, body=HTML, media_type="text/html; charset=utf-8")

    return act


def _moved(_: Answer, scene: Scene) -> Answer:
    location = f"{scene.call.origin}/{scene.simulator.name}/moved"
    return Answer(status=HTTPStatus.FOUND, body=b"", headers=(("location", location),))


def _moved_in_a_loop(_: Answer, scene: Scene) -> Answer:
    location = scene.call.origin + scene.call.target
    return Answer(status=HTTPStatus.TEMPORARY_REDIRECT, body=b"", headers=(("location", location),))


STATUSES = tuple(
    Fault(name=name, meaning=meaning, act=act, instead=True)
    for name, act, meaning in (
        ("http_401", _status(401), "401 with the provider's body."),
        ("http_403", _status(403), "403 with the provider's body."),
        ("http_423", _retry_after(423, _seconds), "423 with Retry-After in seconds."),
        ("http_429", _retry_after(429, _seconds), "429 with Retry-After in seconds."),
        ("http_429_date", _retry_after(429, _date), "429 with Retry-After as a date, `retry_after` seconds ahead."),
        ("http_429_past", _retry_after(429, _past), "429 with Retry-After as a date that has passed."),
        ("http_429_garbage", _retry_after(429, _garbage), "429 with a Retry-After that means nothing."),
        ("http_429_absent", _status(429), "429 without Retry-After."),
        ("http_500", _status(500), "500 with the provider's body."),
        ("http_502", _status(502), "502 with the provider's body."),
        ("http_503", _status(503), "503 with the provider's body."),
        ("http_504", _status(504), "504 with the provider's body."),
        ("html_502", _html(502), "502 with the page of a proxy."),
        ("unavailable_retry_after", _retry_after(503, _seconds), "503 with Retry-After in seconds."),
        ("html_200", _html(200), "200 with a page in HTML."),
        ("redirect", _moved, "302 to another path of the same host, where nothing is."),
        ("redirect_loop", _moved_in_a_loop, "307 to the address that was asked for."),
    )
)
