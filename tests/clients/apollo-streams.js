// Apollo Client: `@defer` as both of its handlers ask for it, and a subscription as multipart over HTTP and over a WebSocket.
import { ApolloClient, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { Defer20220824Handler, GraphQL17Alpha9Handler } from '@apollo/client/incremental';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { createClient } from 'graphql-ws';
import { randomUUID } from 'node:crypto';
import { filter, firstValueFrom, take, toArray } from 'rxjs';
import WebSocket from 'ws';
import { CHANGES, DEFERRED, tell } from './documents.js';

const [, , uri, count] = process.argv;

const deferred = [];
for (const Handler of [Defer20220824Handler, GraphQL17Alpha9Handler]) {
  const kinds = [];
  const watching = async (...request) => {
    const response = await fetch(...request);
    kinds.push(response.headers.get('content-type'));
    return response;
  };
  const client = new ApolloClient({
    cache: new InMemoryCache(),
    link: new HttpLink({ uri, fetch: watching }),
    incrementalHandler: new Handler(),
  });
  const states = [];
  const watched = client.watchQuery({ query: gql(DEFERRED), errorPolicy: 'all' });
  await new Promise((resolve) => {
    watched.subscribe(({ data, dataState }) => {
      if (dataState !== 'empty') states.push([dataState, Object.keys(data.phoneNumber).sort()]);
      if (dataState === 'complete') resolve();
    });
  });
  deferred.push({ kinds, states });
  client.stop();
}

const listen = (link) =>
  new ApolloClient({ cache: new InMemoryCache(), link })
    .subscribe({ query: gql(CHANGES) })
    .pipe(
      filter(({ data }) => data),
      take(Number(count)),
      toArray(),
    );
const named = (results) => results.map(({ data: { phoneNumberChanged: { kind, e164 } } }) => ({ kind, e164 }));

const socket = createClient({ url: uri.replace(/^http/, 'ws'), webSocketImpl: WebSocket, generateID: randomUUID });
const multipart = named(await firstValueFrom(listen(new HttpLink({ uri }))));
const webSocket = named(await firstValueFrom(listen(new GraphQLWsLink(socket))));
await socket.dispose();

tell({ deferred, multipart, webSocket });
