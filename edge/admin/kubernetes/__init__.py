"""Kubernetes clusters: registered, followed, and the endpoints of every source that somebody wants."""
