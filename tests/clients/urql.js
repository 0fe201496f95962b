// urql with graphcache, its relayPagination, and its exchange for automatic persisted queries.
import { createHash } from 'node:crypto';
import { Client, fetchExchange, gql } from 'urql';
import { cacheExchange } from '@urql/exchange-graphcache';
import { relayPagination } from '@urql/exchange-graphcache/extras';
import { persistedExchange } from '@urql/exchange-persisted';
import { FIRST, PAGE, SOURCES, WRONG_ARGUMENT, WRONG_FIELD, numbers, tell } from './documents.js';

const warnings = [];
console.warn = (...words) => warnings.push(words.join(' '));

const embedded = () => null;

// What graphcache must be told of the types without an id: a source is known by its name, the others are part of
// whatever holds them.
const keys = {
  Source: ({ name }) => name,
  ...Object.fromEntries(process.argv[3].split(',').map((name) => [name, embedded])),
};

const sent = [];

const counting = (address, options) => {
  sent.push({ accept: options.headers.accept, body: options.body && JSON.parse(options.body) });
  return fetch(address, options);
};

const client = new Client({
  url: process.argv[2],
  fetch: counting,
  preferGetMethod: false,
  exchanges: [
    cacheExchange({ keys, resolvers: { Query: { phoneNumbers: relayPagination() } } }),
    persistedExchange({
      preferGetForPersistedQueries: false,
      generateHash: async (text) => createHash('sha256').update(text).digest('hex'),
    }),
    fetchExchange,
  ],
});

const { data, error } = await client.query(gql(SOURCES), {});
if (error) throw error;
const asked = sent.splice(0).map(({ body }) => ['query' in body, 'persistedQuery' in body.extensions]);
const accept = (await client.query(gql(SOURCES), {}, { requestPolicy: 'network-only' })) && sent.at(-1).accept;
asked.push(...sent.splice(0).map(({ body }) => ['query' in body, 'persistedQuery' in body.extensions]));

let after;
let page;
do {
  ({ phoneNumbers: page } = (await client.query(gql(PAGE), { first: FIRST, after })).data);
  after = page.pageInfo.endCursor;
} while (page.pageInfo.hasNextPage);

const codes = async (query) => {
  const { error: told } = await client.query(gql(query), {});
  return told.networkError ? String(told.networkError) : told.graphQLErrors.map(({ extensions }) => extensions.code);
};

tell({
  sources: data.sources.map(({ name }) => name),
  asked,
  accept,
  walked: numbers(page),
  wrongArgument: await codes(WRONG_ARGUMENT),
  wrongField: await codes(WRONG_FIELD),
  warnings,
});
