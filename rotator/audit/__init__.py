"""The sealer, which numbers and chains audit records, and the sinks that keep them."""
