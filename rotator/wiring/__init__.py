"""Which adapter stands behind each port: the one room that names concrete adapters."""
