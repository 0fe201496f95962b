"""Room 4: what a GraphQL client sees, asked over HTTP from a whole gateway over the simulators."""
