"""What kube-controller-manager and the scheduler do: every controller is a pure decision and a thin hand that acts."""
