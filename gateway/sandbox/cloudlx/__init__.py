"""CloudLX (Infiny) by Epsilon: the numbers reserved to an account, and OAuth 2 client credentials."""
