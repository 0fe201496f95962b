"""What is asked: the workloads over the simulators' five sources, each a document and the variables it is asked with in turn."""

from typing import Any, NamedTuple


class Workload(NamedTuple):
    """A document, and one set of variables after the other; ``cursors`` walks the list first to have many."""

    title: str
    document: str
    variables: tuple[dict[str, Any], ...] = ({},)
    cursors: bool = False


NUMBER = """
fragment N on PhoneNumber {
  id e164 nationalFormat country provider availability lifecycle numberType rawStatus
  pricing { monthly { amount currency } } details { __typename ... on CallGearDetails { category } }
}
"""

_PROVIDERS = ("EIGHT_BY_EIGHT", "WEBEX", "CLOUDLX", "CALLGEAR")


def _fan_out(more: str) -> str:
    fields = (
        f"p{place}: phoneNumbers(first: 50, orderBy: {{field: SOURCE}}, filter: {{providers: [{name}]}}{more})"
        " { nodes { ...N } complete }"
        for place, name in enumerate(_PROVIDERS)
    )
    return "{ " + " ".join(fields) + " }" + NUMBER


def _thousand(more: str) -> str:
    return (
        f"{{ phoneNumbers(first: 1000, orderBy: {{field: SOURCE}}, filter: {{providers: [CALLGEAR]}}{more})"
        " { nodes { ...N } complete } }" + NUMBER
    )


_ANEW = ', maxStaleness: "PT0S"'

WORKLOADS = (
    Workload("W1   50 numbers of each provider, nothing kept", _fan_out(_ANEW)),
    Workload("W2   the same, warm", _fan_out("")),
    Workload(
        "W3   one number at one source, nothing kept",
        f'{{ phoneNumber(e164: "+6531594404", sources: ["voice_sg"]{_ANEW}) {{ records {{ ...N }} complete }} }}'
        + NUMBER,
    ),
    Workload("W4   1,000 numbers, nothing kept", _thousand(_ANEW)),
    Workload("W4c  the same, warm", _thousand("")),
    Workload(
        "M    the merged list, warm, a page of 50 at every cursor",
        "query M($after: String, $walking: Boolean = false) { phoneNumbers(first: 50, after: $after) {"
        " nodes { ...N } pageInfo { hasNextPage endCursor @include(if: $walking) } complete } }" + NUMBER,
        cursors=True,
    ),
)
