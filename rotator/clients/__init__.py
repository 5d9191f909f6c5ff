"""Shared transports: AWS clients, and HTTP."""
