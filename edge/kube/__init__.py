"""Reading Kubernetes: from an API server's bytes to the endpoints of a source.

client (one API server) → reflector (one kind, kept equal) → feed (its index) → follower (one cluster) → readings;
`endpoints` and `plan` are the pure rules in between.
"""
