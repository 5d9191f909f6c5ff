"""Simulated vendors on the loopback interface, and a clock that is moved by hand."""
