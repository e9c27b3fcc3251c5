"""What health checks found, for Prometheus."""

from __future__ import annotations

from edge.gateway.checking.checker import Checker


def render(checker: Checker) -> list[str]:
    """Lines of the text format 0.0.4."""
    lines = [
        "# HELP edge_health_checks_total Health checks of endpoints, by how they ended.",
        "# TYPE edge_health_checks_total counter",
        f'edge_health_checks_total{{result="passed"}} {checker.passed}',
        f'edge_health_checks_total{{result="failed"}} {checker.failed}',
        "# HELP edge_unhealthy_endpoints Endpoints that health checks hold to be unhealthy.",
        "# TYPE edge_unhealthy_endpoints gauge",
    ]
    for (application, upstream), number in sorted(checker.unhealthy().items()):
        lines.append(f'edge_unhealthy_endpoints{{application="{application}",upstream="{upstream}"}} {number}')
    return lines
