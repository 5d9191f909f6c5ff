"""Files on this machine: replaced as a whole, never half written, for our eyes only."""
