"""Room 5. HTTP in, HTTP out; nothing here knows a provider."""
