"""Two clients with different sources, asking in any order: neither ever sees what only the other may (S1)."""

import re
from base64 import urlsafe_b64decode
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, rule, run_state_machine_as_test

from tests.profiles import examples
from tests.schema.gateways import Client, Json, Simulated, gateway
from tests.web.test_auth import hashed

SEES = {"left": ("dallas", "market"), "right": ("epsilon", "london", "voice_sg")}
SOURCES = [name for names in SEES.values() for name in names]
NUMBERS = ["+12056350001", "+441245123456", "+65123456789", "+74993720692", "+442079460123"]
WHO = st.sampled_from(sorted(SEES))
FIELDS = "id source { name } alsoAt { id source { name } }"
LIST = f"""query ($first: Int, $last: Int, $after: String, $order: PhoneNumberOrder, $filter: PhoneNumberFilter) {{
    phoneNumbers(first: $first, last: $last, after: $after, orderBy: $order, filter: $filter) {{ totalCount nodes {{ {FIELDS} }}
    pageInfo {{ endCursor }} sources {{ source {{ name }} gap {{ after }} }} }} }}"""
LOOK_UP = f"""query ($numbers: [E164!]!, $stale: Duration) {{ phoneNumbersByE164(e164s: $numbers, maxStaleness: $stale) {{
    records {{ {FIELDS} }} outcomes {{ source {{ name }} }} }} sources {{ name }} }}"""
NODES = f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on PhoneNumber {{ {FIELDS} }} }} }}"


def source_of(id_: str) -> str:
    """The source that an id names."""
    return urlsafe_b64decode(id_ + "=" * (-len(id_) % 4)).decode().partition(":")[0]


def strangers(answer: object, seen: tuple[str, ...]) -> set[str]:
    """The sources in an answer, by name or within an id, that its reader may not see."""
    text = msgspec.json.encode(answer).decode()
    named = set(re.findall(r'"name":"(\w+)"', text)) | set(map(source_of, re.findall(r'"id":"([\w=-]+)"', text)))
    return named - set(seen)


class TwoClients(RuleBasedStateMachine):
    """Both ask of one gateway, with ids and cursors that either of them got."""

    ids = Bundle("ids")
    cursors = Bundle("cursors")

    def __init__(self, clients: dict[str, Client]) -> None:
        super().__init__()
        self._clients = clients

    def _ask(self, who: str, query: str, **variables: object) -> Json:
        """What a client is answered, in which there is nothing that is not its own."""
        answer = self._clients[who].ask(query, variables).json
        assert strangers(answer, SEES[who]) == set()
        return answer

    @rule(
        target=ids,
        who=WHO,
        first=st.sampled_from([1, 5, 200]),
        order=st.sampled_from(["E164", "COUNTRY", "SOURCE"]),
        wanted=st.none() | st.fixed_dictionaries({"countries": st.just(["GB"])}),
        backwards=st.booleans(),
    )
    def lists(self, who: str, first: int, order: str, wanted: Json | None, backwards: bool) -> object:
        """A page from either end."""
        span = {"last" if backwards else "first": first}
        held = self._ask(who, LIST, **span, order={"field": order}, filter=wanted)["data"]["phoneNumbers"]
        assert {report["source"]["name"] for report in held["sources"]} == set(SEES[who])
        return [node["id"] for node in held["nodes"][:3]]

    @rule(target=cursors, who=WHO)
    def begins(self, who: str) -> object:
        """A place in the list of all that a client sees."""
        return self._ask(who, LIST, first=2)["data"]["phoneNumbers"]["pageInfo"]["endCursor"]

    @rule(who=WHO, cursor=cursors)
    def goes_on(self, who: str, cursor: str) -> None:
        """From a place that may be the other's."""
        self._ask(who, LIST, first=3, after=cursor)

    @rule(who=WHO, names=st.lists(st.sampled_from(SOURCES), min_size=1, max_size=3))
    def names_sources(self, who: str, names: list[str]) -> None:
        """In a filter; one that is the other's is as unknown as one that is nobody's."""
        answer = self._clients[who].ask(LIST, {"first": 5, "filter": {"sources": names}}).json
        if set(names) <= set(SEES[who]):
            assert strangers(answer, SEES[who]) == set()
        else:
            assert answer["data"]["phoneNumbers"] is None
            assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]

    @rule(
        target=ids,
        who=WHO,
        numbers=st.lists(st.sampled_from(NUMBERS), max_size=5),
        stale=st.sampled_from([None, "PT0S"]),
    )
    def looks_up(self, who: str, numbers: list[str], stale: str | None) -> object:
        """Numbers that only the other's sources may hold."""
        data = self._ask(who, LOOK_UP, numbers=numbers, stale=stale)["data"]
        assert {source["name"] for source in data["sources"]} == set(SEES[who])
        return [record["id"] for held in data["phoneNumbersByE164"] for record in held["records"]]

    @rule(who=WHO, found=st.lists(ids, max_size=2))
    def finds(self, who: str, found: list[list[str]]) -> None:
        """Ids: one of the other's sources is the id of nothing."""
        wanted = [id_ for ids in found for id_ in ids]
        nodes = self._ask(who, NODES, ids=wanted)["data"]["nodes"]
        assert [node is not None for node in nodes] == [source_of(id_) in SEES[who] for id_ in wanted]


@pytest.fixture(scope="module")
def clients(simulated: Simulated) -> Iterator[dict[str, Client]]:
    """Two clients of one gateway, whose caches outlast a run."""
    held = {name: {"key_sha256": hashed(name), "sources": list(seen)} for name, seen in SEES.items()}
    with gateway(simulated.sources, clients=held) as client:
        yield {name: Client(client.url, name) for name in SEES}


@pytest.mark.timeout(examples(120, 7200))
def test_nobody_sees_what_only_another_may(clients: dict[str, Client]) -> None:
    """Lists, totals, reports, gaps, look-ups, ids, cursors and caches, in generated orders of both clients."""
    run_state_machine_as_test(
        lambda: TwoClients(clients),  # type: ignore[arg-type]  # anything that makes a machine will do
        settings=settings(
            max_examples=examples(20, 5000),
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
