// Apollo Client over HTTP, with its relayStylePagination and its link for automatic persisted queries.
import { createHash } from 'node:crypto';
import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { relayStylePagination } from '@apollo/client/utilities';
import { filter, firstValueFrom, from } from 'rxjs';
import { FIRST, PAGE, SOURCES, WRONG_ARGUMENT, WRONG_FIELD, numbers, tell } from './documents.js';

const uri = process.argv[2];
const sent = [];

const counting = (address, options) => {
  sent.push(JSON.parse(options.body));
  return fetch(address, options);
};

const client = new ApolloClient({
  cache: new InMemoryCache({
    typePolicies: { Query: { fields: { phoneNumbers: relayStylePagination(['filter', 'orderBy']) } } },
  }),
  link: ApolloLink.from([
    new PersistedQueryLink({ sha256: (text) => createHash('sha256').update(text).digest('hex') }),
    new HttpLink({ uri, fetch: counting }),
  ]),
});

const { data } = await client.query({ query: gql(SOURCES) });

const asked = sent.splice(0).map((body) => ['query' in body, 'persistedQuery' in body.extensions]);
await client.query({ query: gql(SOURCES), fetchPolicy: 'network-only' });
asked.push(...sent.splice(0).map((body) => ['query' in body, 'persistedQuery' in body.extensions]));

const variables = { first: FIRST };
const watched = client.watchQuery({ query: gql(PAGE), variables });
const subscription = watched.subscribe(() => {});
let page = (await firstValueFrom(from(watched).pipe(filter(({ loading }) => !loading)))).data.phoneNumbers;
while (page.pageInfo.hasNextPage) {
  const more = await watched.fetchMore({ variables: { after: page.pageInfo.endCursor } });
  page = more.data.phoneNumbers;
}
subscription.unsubscribe();
const walked = client.readQuery({ query: gql(PAGE), variables }).phoneNumbers;

const codes = async (query) => {
  const { error } = await client.query({ query: gql(query), errorPolicy: 'all' });
  return CombinedGraphQLErrors.is(error) ? error.errors.map(({ extensions }) => extensions.code) : String(error);
};

tell({
  sources: data.sources.map(({ name }) => name),
  asked,
  walked: numbers(walked),
  wrongArgument: await codes(WRONG_ARGUMENT),
  wrongField: await codes(WRONG_FIELD),
});
client.stop();
