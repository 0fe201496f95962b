"""8x8 CPaaS Voice: the numbers of a subaccount, webhook registration and the sender of its events."""
