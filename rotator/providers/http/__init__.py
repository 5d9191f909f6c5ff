"""Any HTTP API that makes, lists and ends keys, as a spec in YAML describes it."""
