"""AWS Secrets Manager: keys as JSON fields of a secret, staged by labels."""
