"""What every request passes: pure ASGI, in the order of `edge.admin.app`, outermost first."""
