"""Commands: each parses its arguments, calls the app and prints; no logic lives here."""
