"""Adapters that read, refresh and restart whoever reads a destination: `ports.consumers`."""
