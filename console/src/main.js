// GraphiQL over the gateway's own /graphql: nothing on this page comes from, or goes to, another host.
import 'graphiql/setup-workers/vite';
import { explorerPlugin } from '@graphiql/plugin-explorer';
import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { GraphiQL, HISTORY_PLUGIN } from 'graphiql';
import { createElement } from 'react';
import { createRoot } from 'react-dom/client';
import 'graphiql/style.css';
import '@graphiql/plugin-explorer/style.css';
import './page.css';
import { storage } from './storage.js';

const url = new URL('/graphql', location.href);
const socket = new URL(url);
socket.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';

const documents = import.meta.glob('../tabs/*.graphql', { query: '?raw', import: 'default', eager: true });

createRoot(document.getElementById('graphiql')).render(
  createElement(GraphiQL, {
    fetcher: createGraphiQLFetcher({ url: url.href, subscriptionUrl: socket.href }),
    plugins: [HISTORY_PLUGIN, explorerPlugin({ showAttribution: false })],
    defaultTabs: Object.values(documents).map((query) => ({ query })),
    storage,
    shouldPersistHeaders: false,
    showPersistHeadersSettings: false,
  }),
);
