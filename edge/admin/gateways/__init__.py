"""Gateway partitions, clusters and servers: how servers connect, and what they say of themselves."""
