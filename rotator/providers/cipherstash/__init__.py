"""CipherStash: access keys and client keys of workspaces."""
