"""Durable rows in SQL: the safety of rotator, one transaction at a time."""
