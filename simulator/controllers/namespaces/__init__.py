"""What every namespace has, a ServiceAccount and the cluster's CA, and how a namespace ends."""
