"""The four ways to patch an object: JSON patch, JSON merge patch, strategic merge patch, server-side apply."""
