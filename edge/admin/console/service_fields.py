"""The further services of an upstream as lines of a text area: `namespace/service:port` and the Kubernetes cluster's
name. The first service is chosen in selects; few upstreams have more."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from edge.admin.errors import Invalid
from edge.admin.views import KubernetesService

NAME = "further"
MOST = 100
"""Services of an upstream."""

_line = re.compile(r"(?P<namespace>[^/\s]+)/(?P<service>[^:\s]+):(?P<port>\S+)\s+(?P<cluster>\S.*)").fullmatch


def shown(services: Sequence[KubernetesService], clusters: Mapping[str, str]) -> str:
    """`services` as lines; `clusters` maps ids to names."""
    return "\n".join(
        f"{one.namespace}/{one.service}:{one.port} {clusters.get(one.cluster, one.cluster)}" for one in services
    )


def read(lines: Sequence[str], clusters: Mapping[str, str]) -> list[dict[str, Any]]:
    """The services of the lines, as the API takes them. Raises Invalid at `further`."""
    ids = {name: id for id, name in clusters.items()}
    return [_read(line, ids) for line in lines]


def _read(line: str, ids: Mapping[str, str]) -> dict[str, Any]:
    found = _line(line)
    if found is None:
        raise Invalid(
            "expected on each line namespace/service:port and the name of a Kubernetes cluster, "
            f"such as default/shop:80 test, not {line[:100]!r}",
            NAME,
        )
    cluster = found["cluster"].strip()
    if cluster not in ids:
        raise Invalid(f"no Kubernetes cluster is named {cluster[:100]!r}", NAME)
    return {**found.groupdict(), "cluster": ids[cluster]}


def places() -> list[str]:
    """What the API calls the further services in its messages."""
    return [NAME, *(f"kubernetes[{number}]" for number in range(1, MOST))]
