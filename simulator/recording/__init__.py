"""Recording what a cluster shows, and playing it back."""
