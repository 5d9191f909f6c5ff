"""Protocols only: what the shell asks of the outside."""
