"""Long lists of a source that sorts by number are read as far as a page needs; short ones, and liars, whole."""

from tests.conftest import OpenGateway, Simulators

WALK = """query ($after: String, $order: OrderDirection) {
  phoneNumbers(first: 250, after: $after, filter: {providers: [CALLGEAR]}, orderBy: {field: E164, direction: $order}) {
    nodes { e164 } pageInfo { endCursor hasNextPage } sources { status upstreamCalls remarks } } }"""


async def walk(
    gateway: OpenGateway, sources: dict[str, dict[str, object]], order: str = "ASC"
) -> tuple[list[str], list[str]]:
    """All numbers of a walk, and what the report remarked."""
    opened = await gateway(sources)
    found: list[str] = []
    remarks: list[str] = []
    after = None
    while True:
        answer = await opened.ask(WALK, {"after": after, "order": order})
        page = answer.data["phoneNumbers"]
        found += [node["e164"] for node in page["nodes"]]
        remarks += [remark for report in page["sources"] for remark in report["remarks"]]
        if not page["pageInfo"]["hasNextPage"]:
            return found, remarks
        after = page["pageInfo"]["endCursor"]


def market(sandbox: Simulators, **settings: object) -> dict[str, dict[str, object]]:
    """The one source that sorts, with other settings."""
    return {"market": {**sandbox.sources["market"], **settings}}


async def test_a_long_list_is_read_as_far_as_a_page_needs(sandbox: Simulators, gateway: OpenGateway) -> None:
    """With blocks of 300 rows the list is long: each page costs a call or two, up and down, and all rows come once."""
    found, remarks = await walk(gateway, market(sandbox, block_size=300, calls_per_minute=100_000))
    calls = sandbox.calls("callgear")
    assert all("'limit': 300" in str(entry.rpc_params) for entry in calls)
    assert (found, set(remarks)) == (sorted(set(found)), {"unknown word in category"})
    assert len(calls) <= 2 * (len(found) // 250 + 1)
    down, _ = await walk(gateway, market(sandbox, block_size=300, calls_per_minute=100_000), "DESC")
    assert down == found[::-1]


async def test_a_short_list_costs_one_call(sandbox: Simulators, gateway: OpenGateway) -> None:
    """The first block holds everything and says so: further pages, and other orders, ask nothing."""
    opened = await gateway(market(sandbox))
    for order in ("ASC", "DESC"):
        await opened.ask(WALK, {"order": order})
    assert len(sandbox.calls("callgear")) == 1


async def test_one_that_does_not_sort_is_read_whole_from_then_on(sandbox: Simulators, gateway: OpenGateway) -> None:
    """The answer is right, every report names it, and a page after the first asks for nothing sorted."""
    honest, _ = await walk(gateway, market(sandbox, block_size=300, calls_per_minute=100_000))
    sandbox.turn("callgear", ignore_sort=True)
    found, remarks = await walk(gateway, market(sandbox, block_size=300, calls_per_minute=100_000))
    assert found == honest
    assert remarks.count("not in the order that was asked for") >= len(found) // 250


async def test_an_old_block_stands_in(sandbox: Simulators, gateway: OpenGateway) -> None:
    """When the source does not answer any more, what was read of it stands in, and its report says so."""
    opened = await gateway(market(sandbox, block_size=300, ttl=0))
    first = (await opened.ask(WALK)).data["phoneNumbers"]
    sandbox.turn("callgear", fault="http_503")
    again = (await opened.ask(WALK)).data["phoneNumbers"]
    assert [report["status"] for page in (first, again) for report in page["sources"]] == ["OK", "STALE"]
    assert again["nodes"] == first["nodes"]
