"""Room 3: everything that waits, against real sockets and a clock by hand."""
