"""The demonstration's CipherStash workspace, whose people call it the vault."""
