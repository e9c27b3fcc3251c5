"""Deployments, ReplicaSets, StatefulSets and DaemonSets: their pods, revisions and rollouts."""
