"""The company's cluster, where a key is published in a second place and pods are restarted."""
