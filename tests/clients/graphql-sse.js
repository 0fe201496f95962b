// graphql-sse, with a stream for each operation and with one for all of them.
import { createClient } from 'graphql-sse';
import { randomUUID } from 'node:crypto';
import { CHANGES, SOURCES, WRONG_FIELD, tell } from './documents.js';

const [, , url, count] = process.argv;

const told = {};
for (const singleConnection of [false, true]) {
  const client = createClient({ url, singleConnection, retryAttempts: 0, generateID: randomUUID });

  const first = async (query) => {
    for await (const result of client.iterate({ query })) return result;
  };

  const changes = [];
  for await (const { data } of client.iterate({ query: CHANGES })) {
    changes.push(data.phoneNumberChanged);
    if (changes.length === Number(count)) break;
  }
  const { data } = await first(SOURCES);
  const { errors } = await first(WRONG_FIELD);
  client.dispose();
  told[singleConnection ? 'single' : 'distinct'] = {
    changes,
    sources: data.sources.map(({ name }) => name),
    wrongField: errors.map(({ extensions }) => extensions.code),
  };
}

tell(told);
