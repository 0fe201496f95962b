"""Stories: a page of prose with a query and its answer, run against the whole gateway over the simulators."""
