"""`edge demo`: the simulator, the Admin and one gateway as three real processes, and the tutorial played on them."""
