"""The control API: what scenarios do to the simulator, and the small HTTP server that it speaks through."""
