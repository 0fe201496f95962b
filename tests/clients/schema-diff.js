// Writes what graphql-inspector says of the way from one schema file to another: the level and the words of each change.
import { diff } from '@graphql-inspector/core';
import { buildSchema } from 'graphql';
import { readFileSync } from 'node:fs';

const [before, after] = process.argv.slice(2).map((path) => buildSchema(readFileSync(path, 'utf8')));
const changes = await diff(before, after);
console.log(JSON.stringify(changes.map(({ criticality, message }) => [criticality.level, message])));
