"""Pure decisions: no I/O, no clock, no chance; imports only `rotator.errors`."""
