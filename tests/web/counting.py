"""What a gateway has counted, as whoever scrapes it reads it."""

from typing import TypeAlias

from prometheus_client.parser import text_string_to_metric_families

from tests.schema.gateways import Client

LABELS = ("source", "kind", "code", "outcome")

Counts: TypeAlias = dict[tuple[str, ...], float]


def read(text: str) -> Counts:
    """Each sample by its name and its labels' values; the buckets and the times of making are left out."""
    return {
        (sample.name, *(sample.labels[label] for label in LABELS if label in sample.labels)): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not sample.name.endswith(("_bucket", "_created"))
    }


def counts(client: Client) -> Counts:
    """What was counted until now."""
    return read(client.send("GET", "/metrics").content.decode())


def refusals(client: Client) -> dict[str, float]:
    """How many errors clients were told, by code."""
    return {key[1]: value for key, value in counts(client).items() if key[0] == "gateway_refusals_total"}
