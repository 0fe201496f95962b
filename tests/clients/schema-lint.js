// Writes what graphql-eslint finds in the schema of the folder it runs in.
import { ESLint } from 'eslint';
import { fileURLToPath } from 'node:url';

const eslint = new ESLint({ overrideConfigFile: fileURLToPath(new URL('eslint.config.js', import.meta.url)) });
const results = await eslint.lintFiles(['schema.graphql']);
const found = results.flatMap(({ messages }) => messages.map(({ line, ruleId, message }) => `${line}: ${ruleId}: ${message}`));
console.log(JSON.stringify({ files: results.length, found }));
