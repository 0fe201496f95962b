// The official audits of GraphQL over HTTP (graphql-http), against the server in the first argument: one line of JSON.
import { auditServer } from 'graphql-http';
import { tell } from './documents.js';

const results = await auditServer({ url: process.argv[2] });
const kept = results.map(({ id, name, status, reason }) => ({ id, name, status, reason }));
tell(kept);
