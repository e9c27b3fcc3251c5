"""What every request passes: pure ASGI, outermost first: security headers, errors, hosts, body limit, metrics."""
