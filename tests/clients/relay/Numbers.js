// The documents of an application that uses Relay: a list that loads more, and a number found again by its id.
import { graphql } from 'relay-runtime';

graphql`
  query NumbersQuery($first: Int!) {
    sources {
      name
    }
    ...NumbersList @arguments(first: $first)
  }
`;

graphql`
  fragment NumbersList on Query
  @refetchable(queryName: "NumbersListQuery")
  @argumentDefinitions(first: { type: "Int!" }, after: { type: "String" }) {
    phoneNumbers(first: $first, after: $after, filter: { providers: [EIGHT_BY_EIGHT] })
      @connection(key: "Numbers_phoneNumbers") {
      edges {
        node {
          id
          e164
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`;

graphql`
  query NumbersNodeQuery($id: ID!) {
    node(id: $id) {
      ...NumbersNumber @alias(as: "number")
    }
  }
`;

graphql`
  fragment NumbersNumber on PhoneNumber @refetchable(queryName: "NumbersNumberQuery") {
    e164
    details {
      ... on EightByEightDetails {
        subAccountId
      }
    }
  }
`;

graphql`
  query NumbersWrongQuery {
    phoneNumbers(first: -1) @catch {
      complete
    }
  }
`;
