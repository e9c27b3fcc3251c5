"""``/metrics``: the counts that a real API server gives under the same names (apiserver/pkg/endpoints/metrics)."""

from __future__ import annotations

from collections import Counter

from simulator.api.backend import Backend
from simulator.api.request import Request

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"
Labels = tuple[tuple[str, str], ...]


class Metrics:
    """What was answered, by verb, resource and code."""

    def __init__(self) -> None:
        self._requests: Counter[Labels] = Counter()
        self._seconds: dict[Labels, list[float]] = {}

    def count(self, request: Request, code: int, seconds: float) -> None:
        target = request.target
        verb = request.method if target.resource is None else request.verb.upper()
        what: Labels = (
            ("component", "apiserver"),
            ("group", target.group if target.resource is not None else ""),
            ("resource", target.plural if target.resource is not None else ""),
            ("scope", _scope(request)),
            ("subresource", target.subresource if target.resource is not None else ""),
            ("verb", verb if verb in VERBS else "other"),
            ("version", target.version if target.resource is not None else ""),
        )
        dry = ("dry_run", "All" if request.query.get("dryRun") == "All" else "")
        self._requests[(("code", str(code)), what[0], dry, *what[1:])] += 1
        if not request.watches:
            total = self._seconds.setdefault(what, [0, 0.0])
            total[0] += 1
            total[1] += seconds

    def render(self, backend: Backend, open_streams: int) -> bytes:
        """The page, in the text format of Prometheus."""
        lines = [
            "# HELP apiserver_request_total Counter of apiserver requests.",
            "# TYPE apiserver_request_total counter",
            *(f"apiserver_request_total{_shown(labels)} {count}" for labels, count in sorted(self._requests.items())),
            "# HELP apiserver_request_duration_seconds Response latency in seconds, watches left out.",
            "# TYPE apiserver_request_duration_seconds summary",
        ]
        for labels, (count, seconds) in sorted(self._seconds.items()):
            lines.append(f"apiserver_request_duration_seconds_sum{_shown(labels)} {seconds:.6f}")
            lines.append(f"apiserver_request_duration_seconds_count{_shown(labels)} {int(count)}")
        lines += [
            "# HELP apiserver_longrunning_requests Gauge of all active long-running apiserver requests.",
            "# TYPE apiserver_longrunning_requests gauge",
            f'apiserver_longrunning_requests{{component="apiserver",verb="WATCH"}} {open_streams}',
            "# HELP apiserver_storage_objects Number of stored objects at the time of last check split by kind.",
            "# TYPE apiserver_storage_objects gauge",
        ]
        stored = {row.key: row for row in reversed(backend.table.rows) if "list" in row.verbs}
        for key, row in sorted(stored.items()):
            lines.append(f'apiserver_storage_objects{{resource="{key}"}} {backend.store.count(row)}')
        return "\n".join(lines).encode() + b"\n"


VERBS = frozenset(
    {
        "GET", "LIST", "WATCH", "CREATE", "UPDATE", "PATCH", "DELETE", "DELETECOLLECTION", "POST", "PUT", "HEAD",
        "OPTIONS",
    }
)  # fmt: skip


def _scope(request: Request) -> str:
    target = request.target
    if target.resource is None:
        return ""
    if target.name:
        return "resource"
    return "namespace" if target.namespace else "cluster"


def _shown(labels: Labels) -> str:
    escaped = ((name, value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")) for name, value in labels)
    return "{" + ",".join(f'{name}="{value}"' for name, value in escaped) + "}"
