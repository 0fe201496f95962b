"""The documents that several tests ask, and the rows they bring."""

from typing import Any, TypeAlias

from tests.schema.gateways import Client

Row: TypeAlias = dict[str, Any]

NUMBER = """
fragment Whole on PhoneNumber {
  id e164 nationalFormat isValid country provider source { name provider state } availability lifecycle rawStatus
  usableForNewSessions health { state checkedAt } numberType numberTypeFrom location { code name }
  pricing { monthly { ...Paid } setup { ...Paid } minimumMonthly { ...Paid } inboundPerMinute { ...Paid } }
  provisionedAt updatedAt observedVia asOf stale alsoAt { id e164 source { name } }
  details {
    __typename
    ... on EightByEightDetails {
      subAccountId referenceId operationalStatus rentalPrice incomingRate billingUnit billingCurrency
      numberHealthCheckEnabled updateStatus
    }
    ... on WebexDetails { orgId locationId state telephonyType isMainNumber tollFreeNumber isServiceNumber }
    ... on CloudLXDetails {
      uuid number rangeCode rangeName countryName countryIso monthlyCharge setupCharge status
      numberAddress { ...Postal } emergencyNumberAddress { ...Postal }
    }
    ... on CallGearDetails { category locationMnemonic locationName onetimePayment monthlyCharge minCharge }
  }
}
fragment Paid on Money { amount currency currencyFrom }
fragment Postal on Address {
  id name useForProofOfAddress useForEmergencyAddress addressLine1 addressLine2 city region postalCode country
}
"""
"""Every field of a number that the contract names."""

PAGE = """
query Page($first: Int, $last: Int, $after: String, $before: String,
           $filter: PhoneNumberFilter, $orderBy: PhoneNumberOrder) {
  phoneNumbers(first: $first, last: $last, after: $after, before: $before, filter: $filter, orderBy: $orderBy) {
    edges { cursor node { id e164 } }
    nodes { id }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    totalCount
    complete
  }
}
"""

EVERYTHING = """
query Everything($after: String) {
  phoneNumbers(first: 1000, after: $after) {
    nodes {
      id e164 provider source { name } country availability lifecycle health { state } numberType updatedAt
      location { code name } pricing { monthly { amount currency } } usableForNewSessions
      details { ... on CallGearDetails { category } }
    }
    pageInfo { hasNextPage endCursor }
  }
}
"""


def page(graph: Client, **asked: object) -> Row:
    """One connection; an answer with errors fails the test."""
    held: Row = graph.ask(PAGE, asked).data["phoneNumbers"]
    assert [edge["node"]["id"] for edge in held["edges"]] == [node["id"] for node in held["nodes"]]
    return held


def ids(connection: Row) -> list[str]:
    """The ids of a page."""
    return [node["id"] for node in connection["nodes"]]


def every_row(graph: Client) -> list[Row]:
    """All numbers of all sources, page by page."""
    rows: list[Row] = []
    after: str | None = None
    more = True
    while more:
        connection = graph.ask(EVERYTHING, {"after": after}).data["phoneNumbers"]
        rows += connection["nodes"]
        after, more = connection["pageInfo"]["endCursor"], connection["pageInfo"]["hasNextPage"]
    return rows
