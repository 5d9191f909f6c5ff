"""Numbered changes of the schema, run by `rotator.journal.migrate`."""
