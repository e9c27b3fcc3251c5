"""Edge: a gateway with an Admin console whose Kubernetes upstreams follow the cluster by themselves."""

__version__ = "0.1.0"
