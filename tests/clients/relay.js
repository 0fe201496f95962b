// The Relay runtime with what its compiler made of relay/Numbers.js, which stands in the folder of the third argument:
// documents are sent by their ids alone.
import { pathToFileURL } from 'node:url';
import relay from 'relay-runtime';
import { FIRST, tell } from './documents.js';

const {
  Environment, Network, RecordSource, Store, createOperationDescriptor, fetchQuery, getSelector, getRequest,
} = relay;
const [, , url, folder] = process.argv;

const compiled = async (name) => (await import(pathToFileURL(`${folder}/__generated__/${name}.graphql.js`).href)).default;

const sent = [];

const ask = async ({ id, text }, variables) => {
  sent.push([id.length, text]);
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json' },
    body: JSON.stringify({ doc_id: id, variables }),
  });
  return response.json();
};

const environment = new Environment({ network: Network.create(ask), store: new Store(new RecordSource()) });

const query = getRequest(await compiled('NumbersQuery'));
const more = getRequest(await compiled('NumbersListQuery'));
const fragment = await compiled('NumbersList');
const operation = createOperationDescriptor(query, { first: FIRST });
environment.retain(operation);

const { sources } = await fetchQuery(environment, query, { first: FIRST }).toPromise();

const list = () => {
  const { data } = environment.lookup(operation.fragment);
  return environment.lookup(getSelector(fragment, data)).data.phoneNumbers;
};

while (list().pageInfo.hasNextPage) {
  await fetchQuery(environment, more, { first: FIRST, after: list().pageInfo.endCursor }).toPromise();
}
const [{ node: first }] = list().edges;

const node = getRequest(await compiled('NumbersNodeQuery'));
const found = await fetchQuery(environment, node, { id: first.id }).toPromise();
const again = environment.lookup(getSelector(await compiled('NumbersNumber'), found.node.number)).data;

const wrong = await fetchQuery(environment, getRequest(await compiled('NumbersWrongQuery')), {}).toPromise();

tell({
  sources: sources.map(({ name }) => name),
  walked: list().edges.map(({ node: { e164 } }) => e164),
  again: [first.e164, again],
  caught: wrong.phoneNumbers,
  texts: sent.filter(([length, text]) => length !== 64 || text !== null),
});
