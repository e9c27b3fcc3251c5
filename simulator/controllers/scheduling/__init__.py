"""Where pods run and when they must go: the scheduler, nodes and their taints, disruption budgets."""
