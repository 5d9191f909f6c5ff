"""Secrets of a Kubernetes cluster: our own fields of them, published by server-side apply."""
