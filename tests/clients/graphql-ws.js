// graphql-ws: a subscription that is ended by the client, a query, and an error, over one WebSocket.
import { createClient } from 'graphql-ws';
import { randomUUID } from 'node:crypto';
import WebSocket from 'ws';
import { CHANGES, SOURCES, WRONG_FIELD, tell } from './documents.js';

const [, , url, count] = process.argv;

const client = createClient({
  url: url.replace(/^http/, 'ws'),
  webSocketImpl: WebSocket,
  generateID: randomUUID,
});

const changes = [];
for await (const { data } of client.iterate({ query: CHANGES })) {
  changes.push(data.phoneNumberChanged);
  if (changes.length === Number(count)) break;
}

const first = async (query) => {
  for await (const result of client.iterate({ query })) return result;
};

const { data } = await first(SOURCES);
const wrongField = await first(WRONG_FIELD).catch((errors) => errors.map(({ extensions }) => extensions.code));
const closed = new Promise((resolve) => {
  client.on('closed', ({ code, wasClean }) => resolve({ code, wasClean }));
});
client.dispose();

tell({ changes, sources: data.sources.map(({ name }) => name), wrongField, closed: await closed });
