"""Strict simulators of the four provider APIs over real HTTP, each built from its vendor's pages alone.

They share no code with the adapters they test and import nothing else of the gateway: `app.create_sandbox` makes the ASGI
app, `accounts.sources` says how to reach it, and every failure is a knob under `/control`.
"""
