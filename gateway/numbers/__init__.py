"""Room 1, pure. What is true of telephone numbers, whoever sells them lives here; no I/O, no clock, no provider."""
