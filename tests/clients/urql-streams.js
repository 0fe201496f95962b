// urql: `@defer` over multipart, and a subscription over server-sent events, both by its fetchExchange.
import { Client, cacheExchange, fetchExchange, gql } from 'urql';
import { CHANGES, DEFERRED, tell } from './documents.js';

const [, , url, count] = process.argv;
const kinds = [];

const watching = async (...request) => {
  const response = await fetch(...request);
  kinds.push(response.headers.get('content-type').split(';')[0]);
  return response;
};

// urql leaves it to nobody to hear that it aborted a stream which it ended itself.
process.on('unhandledRejection', (error) => {
  if (error.name !== 'AbortError') throw error;
});

const client = new Client({
  url,
  fetch: watching,
  fetchSubscriptions: true,
  preferGetMethod: false,
  exchanges: [cacheExchange, fetchExchange],
});

// Every result of an operation until the last one, or until there are enough.
const results = (source, enough) =>
  new Promise((resolve, reject) => {
    const held = [];
    const { unsubscribe } = source.subscribe(({ data, error, hasNext }) => {
      if (error) return reject(error);
      held.push(data);
      if (enough ? held.length === enough : !hasNext) {
        resolve(held);
        queueMicrotask(() => unsubscribe());
      }
    });
  });

const deferred = await results(client.query(gql(DEFERRED), {}));
const changes = await results(client.subscription(gql(CHANGES), {}), Number(count));

tell({
  kinds,
  deferred: deferred.map(({ phoneNumber }) => Object.keys(phoneNumber).sort()),
  changes: changes.map(({ phoneNumberChanged: { kind, e164 } }) => ({ kind, e164 })),
});
