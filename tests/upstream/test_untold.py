"""What a source cannot say is told as such: neither as absence, nor as an empty list."""

from gateway.numbers.search import Order, OrderField, Search
from gateway.numbers.windows import Range
from tests.conftest import OpenGateway, Simulators, errand
from tests.upstream.conftest import OpenRig
from tests.upstream.plain import Checks

LOOK_UP = """{ phoneNumber(e164: "+442079460000", sources: ["epsilon"]) {
  complete
  outcomes { result error { code } }
} }"""
LIST = "{ phoneNumbers(first: 1) { nodes { e164 } complete sources { source { name } status error { code } } } }"


async def test_a_search_with_unreadable_rows_tells_no_absence(sandbox: Simulators, gateway: OpenGateway) -> None:
    """A number that is not among the rows may be one of those that cannot be read: UNKNOWN, never NOT_FOUND."""
    opened = await gateway()
    sandbox.turn("cloudlx", ignore_filter=True, fault="bad_rows")
    looked = (await opened.ask(LOOK_UP)).data["phoneNumber"]
    assert looked == {"complete": False, "outcomes": [{"result": "UNKNOWN", "error": {"code": "SOURCE_BAD_ANSWER"}}]}


async def test_a_place_that_does_not_exist_is_reported(sandbox: Simulators, gateway: OpenGateway) -> None:
    """A wrong location is the operator's to mend: the others' rows come, and the report says SOURCE_MISCONFIGURED."""
    tables = {**sandbox.sources, "dallas": {**sandbox.sources["dallas"], "location_id": "nowhere"}}
    page = (await (await gateway(tables)).ask(LIST)).data["phoneNumbers"]
    errors = {report["source"]["name"]: report["error"] for report in page["sources"] if report["error"]}
    assert errors == {"dallas": {"code": "SOURCE_MISCONFIGURED"}}
    assert len(page["nodes"]) == 1
    assert not page["complete"]


async def test_a_source_without_a_list_awaits_its_events(rig: OpenRig) -> None:
    """In the merged order as in the sources' own, what has no list is no empty list."""
    inventory = rig(Checks, "http://127.0.0.1:9").inventory
    for order in (Order(), Order(field=OrderField.SOURCE)):
        search = Search(order=order)
        window = await inventory.window(search, Range(first=1), ["depot"], errand(), counted=False)
        assert (window.numbers, window.complete, [read.awaiting for read in window.reads]) == ((), False, [True])
