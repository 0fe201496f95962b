"""The commands, each with what it needs; ``gateway.cli`` finds them."""
