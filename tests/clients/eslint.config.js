// The committed schema against graphql-eslint's rules for schemas and for Relay's servers.
import graphql from '@graphql-eslint/eslint-plugin';

const { 'flat/schema-recommended': recommended, 'flat/schema-relay': relay } = graphql.configs;

export default [
  {
    files: ['schema.graphql'],
    languageOptions: { parser: graphql.parser, parserOptions: { graphQLConfig: { schema: 'schema.graphql' } } },
    plugins: { '@graphql-eslint': graphql },
    rules: {
      ...recommended.rules,
      ...relay.rules,
      // What is only a part of something else has no identity of its own: a price, a report, what one provider says.
      '@graphql-eslint/strict-id-in-types': 'off',
      // addressLine1 and addressLine2 are the names that postal addresses have everywhere.
      '@graphql-eslint/no-typename-prefix': 'off',
      // `nodes` beside `edges`, reports and outcomes are lists of what is counted in dozens; only connections are paged.
      '@graphql-eslint/relay-edge-types': [
        'error',
        { withEdgeSuffix: true, shouldImplementNode: true, listTypeCanWrapOnlyEdgeType: false },
      ],
    },
  },
];
