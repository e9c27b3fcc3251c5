"""Alembic's folder: env.py and versions/."""
