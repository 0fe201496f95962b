"""One GraphQL graph over the telephone numbers of several providers."""

__version__ = "0.1.0"
