"""Room 2: what is true of one provider's API."""
