// What every client asks: a query, a list to its end, and two errors.
export const SOURCES = 'query Sources { sources { __typename name provider } }';

export const PAGE = `query Page($first: Int!, $after: String) {
  phoneNumbers(first: $first, after: $after, filter: { providers: [EIGHT_BY_EIGHT] }) {
    __typename
    edges {
      __typename
      cursor
      node {
        __typename
        id
        e164
        source { __typename name }
        details { __typename ... on EightByEightDetails { subAccountId } }
      }
    }
    pageInfo { __typename hasNextPage hasPreviousPage startCursor endCursor }
  }
}`;

export const FIRST = 60;

// The gateway answers this with data and an error, for a page cannot be of fewer than no rows.
export const WRONG_ARGUMENT = 'query Wrong { phoneNumbers(first: -1) { complete } sources { name } }';

// This is no query of the schema: nothing is executed.
export const WRONG_FIELD = 'query Colour { colour }';

export const numbers = (connection) => connection.edges.map(({ node }) => node.e164);

// What a script has found is its last word: connections that Node.js keeps alive do not keep it waiting.
export const tell = (told) => process.stdout.write(JSON.stringify(told), () => process.exit(0));

// From the first change that the gateway has kept.
export const CHANGES = 'subscription Changes { phoneNumberChanged(after: "Y2hhbmdlIDA") { kind e164 } }';

export const DEFERRED = `query Deferred {
  phoneNumber(e164: "+12056350001") { e164 ... @defer { records { id source { name } } } }
}`;
