"""Adapters that make, list, try and end keys."""
