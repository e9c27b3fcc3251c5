"""Managed fields: who set which field of an object, and server-side apply, which depends on it."""
