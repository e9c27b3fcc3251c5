"""A cluster of kind's (Kubernetes in Docker): real Kubernetes, whose nodes are containers on this machine.

- `command` runs `kind`; `cluster` is one cluster that all cases of a run share: made when it is missing, and then
  deleted at the end of the run; one that was there before is used and left as it was.
- `nodes` finds the nodes by kind's label and pauses, stops and cuts them off through the Docker API. Whatever a case
  did to them is undone at its end.
- `routes` lets the gateways, which run on this machine, reach pods: each node's pod network is routed to the node's
  address on Docker's bridge. That is what kind's own authors do for one cluster to reach the pods of another
  (kubernetes-sigs/kind, pull request 1337). It takes Docker on this very Linux machine: where Docker has a virtual
  machine of its own (Docker Desktop), pods are not reachable, which is found out and said before a case begins.
- `target` is what one case sees of all this.

None of it has been run against a real kind and Docker; see docs/scenarios.md.
"""
