"""Paths that are no resources: discovery, OpenAPI, OpenID, health and metrics."""
