"""The node's half of a cluster: pods that live, listen on real addresses, end gracefully and are gone."""
