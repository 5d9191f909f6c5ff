"""Adapters that publish keys where consumers read them."""
