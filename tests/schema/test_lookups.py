"""Look-ups by number and by id: order, duplicates, outcomes, stable ids, and few calls."""

from base64 import urlsafe_b64encode

import pytest

from gateway.sandbox.stock import HELD_BY
from tests.schema.documents import Row
from tests.schema.gateways import Client, Simulated, gateway

LOOK_UP = """
query ($numbers: [E164!]!, $sources: [String!], $age: Duration) {
  phoneNumbersByE164(e164s: $numbers, sources: $sources, maxStaleness: $age) {
    e164 complete records { id e164 source { name } } outcomes { source { name } result asOf error { code } }
  }
}
"""
SHARED = list(HELD_BY)[:10]
BY_PROVIDER = ["market", "epsilon", "voice_sg", "dallas", "london"]
"""The five sources, by provider and then by name."""


def results(lookup: Row) -> dict[str, str]:
    """What each source said."""
    return {outcome["source"]["name"]: outcome["result"] for outcome in lookup["outcomes"]}


def test_one_number_at_every_source(graph: Client) -> None:
    """A record for each source that holds it, an outcome for each that was asked, by provider and source name."""
    query = """{ phoneNumber(e164: "+442079460123") {
        e164 complete records { source { name } } outcomes { source { name } result asOf error { code } } } }"""
    held = graph.ask(query).data["phoneNumber"]
    assert [record["source"]["name"] for record in held["records"]] == ["market", "epsilon", "voice_sg", "london"]
    assert [outcome["source"]["name"] for outcome in held["outcomes"]] == BY_PROVIDER
    assert results(held) == dict.fromkeys(BY_PROVIDER, "FOUND") | {"dallas": "NOT_FOUND"}
    assert all(outcome["asOf"].endswith("Z") and outcome["error"] is None for outcome in held["outcomes"])
    assert (held["e164"], held["complete"]) == ("+442079460123", True)


def test_a_number_that_nobody_holds(graph: Client) -> None:
    """Every source says NOT_FOUND, and the answer is complete."""
    held = graph.ask(LOOK_UP, {"numbers": ["+990000000000"]}).data["phoneNumbersByE164"][0]
    assert (held["records"], held["complete"]) == ([], True)
    assert set(results(held).values()) == {"NOT_FOUND"}


def test_many_numbers_keep_their_order_and_duplicates(graph: Client) -> None:
    """One answer for each entry asked, in the order asked, the doubled ones doubled."""
    asked = ["+74993720692", "+65123456789", "+7 499 372-06-92", "+990000000000", "+65123456789", "+12056350001"]
    held = graph.ask(LOOK_UP, {"numbers": asked}).data["phoneNumbersByE164"]
    bare = ["+74993720692", "+65123456789", "+74993720692", "+990000000000", "+65123456789", "+12056350001"]
    assert [lookup["e164"] for lookup in held] == bare
    places = [[record["source"]["name"] for record in lookup["records"]] for lookup in held]
    assert places == [["market"], ["voice_sg"], ["market"], [], ["voice_sg"], ["dallas"]]
    assert graph.ask(LOOK_UP, {"numbers": []}).data == {"phoneNumbersByE164": []}


def test_five_hundred_numbers_and_no_more(graph: Client) -> None:
    """500 are answered; 501 are refused before anything is asked, and so are 501 ids."""
    numbers = [f"+9900000{last:04}" for last in range(501)]
    assert len(graph.ask(LOOK_UP, {"numbers": numbers[:500]}).data["phoneNumbersByE164"]) == 500
    words = "holds 501 entries; one field takes 500 at most: ask in several."
    assert graph.ask(LOOK_UP, {"numbers": numbers}).refusal == ("BAD_USER_INPUT", f"e164s {words}")
    ids = graph.ask("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": numbers})
    assert ids.refusal == ("BAD_USER_INPUT", f"ids {words}")


def test_only_the_named_sources_are_asked(graph: Client) -> None:
    """``sources`` narrows a look-up; an empty list asks nobody, and an unknown name is refused with the known ones."""
    narrow = graph.ask(LOOK_UP, {"numbers": ["+442079460123"], "sources": ["london", "epsilon", "london"]})
    [held] = narrow.data["phoneNumbersByE164"]
    assert results(held) == {"epsilon": "FOUND", "london": "FOUND"}
    [nobody] = graph.ask(LOOK_UP, {"numbers": ["+442079460123"], "sources": []}).data["phoneNumbersByE164"]
    assert (nobody["records"], nobody["outcomes"], nobody["complete"]) == ([], [], True)
    code, message = graph.ask(LOOK_UP, {"numbers": [], "sources": ["paris", "london", "oslo"]}).refusal
    assert code == "BAD_USER_INPUT"
    assert message == (
        "There is no source named 'oslo', 'paris'; the sources are dallas, epsilon, london, market, voice_sg."
    )


def test_ids_are_the_same_everywhere(simulated: Simulated, graph: Client, everything: list[Row]) -> None:
    """List, check, look-up of many, alsoAt and node give one id, in this gateway and in one that starts anew."""
    listed = {(row["source"]["name"], row["e164"]): row["id"] for row in everything}
    query = """query ($number: E164!, $id: ID!) {
        phoneNumber(e164: $number) { records { id source { name } alsoAt { id source { name } } } }
        node(id: $id) { id ... on PhoneNumber { e164 source { name } } } }"""
    with gateway(simulated.sources) as restarted:
        for client in (restarted, graph):
            for number in ("+442079460123", "+6562210044"):
                known = {place: key for (place, held), key in listed.items() if held == number}
                answer = client.ask(query, {"number": number, "id": known["epsilon"]}).data
                records = answer["phoneNumber"]["records"]
                assert {record["source"]["name"]: record["id"] for record in records} == known
                for record in records:
                    also = {other["source"]["name"]: other["id"] for other in record["alsoAt"]}
                    assert also | {record["source"]["name"]: record["id"]} == known
                assert answer["node"] == {"id": known["epsilon"], "e164": number, "source": {"name": "epsilon"}}


def made(text: str) -> str:
    """A text that looks like an id."""
    return urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


STRANGE = {
    "nothing": "",
    "garbage": "no id at all",
    "another alphabet": "ключ",
    "not base64": "A",
    "not UTF-8": "__79_Q",
    "no number": made("market"),
    "an empty number": made("market:+"),
    "letters for digits": made("market:+four"),
    "an unknown source": made("paris:+12056350001"),
    "a number that is not there": made("market:+990000000000"),
    "another source's number": made("voice_sg:+74993720692"),
}


@pytest.mark.parametrize("number_id", STRANGE.values(), ids=STRANGE)
def test_a_bad_or_unknown_id_is_nobody(graph: Client, number_id: str) -> None:
    """``node`` of something that is no id, or of nothing that is there, is null without an error."""
    assert graph.ask("query ($id: ID!) { node(id: $id) { id } }", {"id": number_id}).data == {"node": None}


def test_a_bad_id_nulls_only_its_own_place(graph: Client, everything: list[Row]) -> None:
    """``nodes`` keeps order and duplicates, and the strange ones are null in their places."""
    good = [row["id"] for row in everything[:: len(everything) // 5]]
    asked = [good[0], *STRANGE.values(), *good, good[0]]
    answer = graph.ask("query ($ids: [ID!]!) { nodes(ids: $ids) { id __typename } }", {"ids": asked})
    nodes = answer.data["nodes"]
    assert [node and node["id"] for node in nodes] == [good[0], *(None for _ in STRANGE), *good, good[0]]
    assert {node["__typename"] for node in nodes if node} == {"PhoneNumber"}


def test_a_source_that_fails_nulls_only_its_own_numbers(broken: Simulated) -> None:
    """``nodes`` of several sources: what cannot be asked is null with the source's code, the others are there."""
    broken.turn("cloudlx", fault="http_500")
    asked = [made("dallas:+12056350001"), made("epsilon:+441245123456"), made("market:+74993720692")]
    with gateway(broken.sources) as client:
        reply = client.ask("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": asked})
    assert [node and node["id"] for node in reply.json["data"]["nodes"]] == [asked[0], None, asked[2]]
    [error] = reply.errors
    assert (error["path"], error["extensions"]["code"]) == (["nodes", 1], "SOURCE_UNAVAILABLE")
    assert (error["extensions"]["retryable"], error["extensions"]["retryAfterMs"]) == (True, None)


def test_also_at_is_asked_for_all_numbers_together(broken: Simulated) -> None:
    """Ten numbers that ask where else they are cost CallGear one call, and Webex two a location: its total is unknown."""
    query = """query ($numbers: [E164!]!) { phoneNumbersByE164(e164s: $numbers, sources: ["epsilon"]) {
        e164 records { alsoAt { source { name } } } } }"""
    with gateway(broken.sources) as fresh:
        held = fresh.ask(query, {"numbers": SHARED}).data["phoneNumbersByE164"]
    providers = {"market": "callgear", "epsilon": "cloudlx", "voice_sg": "8x8", "dallas": "webex", "london": "webex"}
    for lookup in held:
        for record in lookup["records"]:
            found = {providers[also["source"]["name"]] for also in record["alsoAt"]} | {"cloudlx"}
            assert found == HELD_BY[lookup["e164"]]
    assert broken.calls("callgear") == 1
    assert broken.calls("webex") <= 4


def test_fields_of_one_answer_share_their_look_ups(broken: Simulated) -> None:
    """The same number asked for by three fields of one document is asked of a source once."""
    query = """{ one: phoneNumber(e164: "+65123456789", sources: ["voice_sg"]) { complete }
        two: phoneNumber(e164: "+65123456789", sources: ["voice_sg"]) { complete }
        three: node(id: "%s") { id } }"""
    with gateway(broken.sources) as fresh:
        answer = fresh.ask(query % made("voice_sg:+65123456789"))
    assert answer.data["three"] == {"id": made("voice_sg:+65123456789")}
    assert broken.calls("8x8") == 1


def test_the_sources_in_name_order(graph: Client, everything: list[Row]) -> None:
    """``sources`` names every configured place with its provider and how it does."""
    assert everything
    assert graph.ask("{ sources { name provider state } }").data["sources"] == [
        {"name": "dallas", "provider": "WEBEX", "state": "UP"},
        {"name": "epsilon", "provider": "CLOUDLX", "state": "UP"},
        {"name": "london", "provider": "WEBEX", "state": "UP"},
        {"name": "market", "provider": "CALLGEAR", "state": "UP"},
        {"name": "voice_sg", "provider": "EIGHT_BY_EIGHT", "state": "UP"},
    ]
