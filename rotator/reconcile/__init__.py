"""Imperative shell: one credential, one pass: observe, ask the core, act, commit."""
