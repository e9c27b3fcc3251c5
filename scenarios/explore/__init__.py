"""Random clusters, timelines and faults, played through Edge's real code in virtual time, from a seed.

Words. A *plan* is what a seed makes: how many gateways and services, and *deeds*, each at a moment. A *house* is the
real `Clusters`, hub, relays, disks and snapshots in one event loop, beside the real simulator behind an in-memory
transport. The *truth* is what the simulator's store offers. A *violation* is an invariant that did not hold.

A run has two parts, as TigerBeetle's simulator has: first deeds and faults, in which only what is safe is asked for
(`invariants`); then everything is made good again, and `SETTLED_WITHIN` later every gateway must equal Kubernetes.

The same plan gives the same trace byte for byte, under any hash seed. So a plan that fails can be cut down
(`shrinking`) by playing smaller ones, and what is left is written as a scenario file (`writing`).
"""
