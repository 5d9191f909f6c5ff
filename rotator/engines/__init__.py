"""Carriers of "look at id X", and the only home of worker threads."""
