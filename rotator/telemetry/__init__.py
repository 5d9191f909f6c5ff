"""The system clock and chance, logs, and metrics: all that only watches."""
