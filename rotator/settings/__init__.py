"""YAML in, frozen objects out: runtime configuration and policy, with every fault at once."""
