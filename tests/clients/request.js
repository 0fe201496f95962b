// graphql-request, the smallest client of them.
import { ClientError, GraphQLClient } from 'graphql-request';
import { FIRST, PAGE, SOURCES, WRONG_ARGUMENT, WRONG_FIELD, numbers, tell } from './documents.js';

const client = new GraphQLClient(process.argv[2]);

const { sources } = await client.request(SOURCES);

const walked = [];
let pageInfo = { hasNextPage: true };
while (pageInfo.hasNextPage) {
  const { phoneNumbers } = await client.request(PAGE, { first: FIRST, after: pageInfo.endCursor });
  walked.push(...numbers(phoneNumbers));
  ({ pageInfo } = phoneNumbers);
}

const codes = async (query) => {
  try {
    await client.request(query);
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    return error.response.errors.map(({ extensions }) => extensions.code);
  }
};

tell({
  sources: sources.map(({ name }) => name),
  walked,
  wrongArgument: await codes(WRONG_ARGUMENT),
  wrongField: await codes(WRONG_FIELD),
});
