"""Webex Calling: the numbers of a location that a call queue could take, and the renewal of access tokens."""
