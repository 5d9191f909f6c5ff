"""The HTTP side: probes and metrics; console and API come later."""
