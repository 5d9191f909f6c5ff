"""`rotator demo`: the real daemon in a simulated company, a month in a minute."""
