"""Pages in a real browser, from a built wheel."""
