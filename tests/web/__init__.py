"""Room 5: HTTP in, HTTP out, on real sockets."""
