"""The store's schema, step by step; alembic runs what is missing whenever a gateway starts."""
