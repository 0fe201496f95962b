"""Room 1: what is true of telephone numbers, whoever sells them."""
