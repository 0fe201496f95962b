"""Room 4. What a GraphQL client sees lives here; resolvers do no I/O of their own."""
