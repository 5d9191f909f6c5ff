"""Fakes with state, and one contract suite per port: what implementers test against."""
