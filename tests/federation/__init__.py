"""The gateway as a subgraph, composed by Apollo's own composition."""
