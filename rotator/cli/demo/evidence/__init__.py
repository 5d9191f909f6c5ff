"""The last act: what an auditor may ask of the month, and what the answers are."""
