"""Edits before their release: drafts, how they differ from what is released, and how that is told."""
