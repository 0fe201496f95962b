"""Strict simulators of the four provider APIs. They share no code with the adapters they test, and import nothing else of the gateway."""
