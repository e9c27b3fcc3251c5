"""A cluster behind its API: what it is made of, and what it holds before anybody uses it."""
