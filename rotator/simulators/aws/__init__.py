"""A simulated AWS (IAM, STS, Secrets Manager): moto made faithful, in its own process."""
