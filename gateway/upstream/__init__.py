"""Room 3, the only room that waits. Sockets, the clock, the cache and the store live here; nothing of GraphQL or HTTP inward."""
