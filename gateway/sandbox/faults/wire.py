"""Faults of the connection: answers that never come, come slowly, or break off."""

from dataclasses import replace

from gateway.sandbox.exchange import Answer, Delivery
from gateway.sandbox.faults.fault import Act, Fault, Scene


def _delivered(delivery: Delivery) -> Act:
    def act(answer: Answer, _: Scene) -> Answer:
        return replace(answer, delivery=delivery)

    return act


WIRE = tuple(
    Fault(name=name, meaning=meaning, act=_delivered(delivery), instead=instead)
    for name, delivery, instead, meaning in (
        ("hang", Delivery.HANG, True, "No answer until the client leaves."),
        ("reset", Delivery.RESET, True, "The connection is reset before the answer."),
        ("hang_up", Delivery.HANG_UP, True, "The connection is closed in good order before the answer."),
        ("drip", Delivery.DRIP, False, "One byte every `drip_interval` seconds."),
        ("reset_midway", Delivery.CUT, False, "The connection ends in the middle of a chunked body."),
        ("short_body", Delivery.SHORT, False, "The body is shorter than its Content-Length."),
    )
)
