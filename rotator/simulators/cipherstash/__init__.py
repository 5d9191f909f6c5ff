"""A simulated CipherStash (CTS, ZeroKMS, the QX console): the real client works against it."""
