"""The work as Envoy's configuration: a virtual host and a cluster for each application, a route for each rule on a
path.

What this gateway, nginx and HAProxy do without being told, Envoy is told: the timeouts for heads, one more try when
nothing was sent, endpoints passed over that fail in a row, paths normalised before they are compared.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from loadtests.peers.certificate import Files
from loadtests.peers.work import DEBUG, DENIED, MARK, MOVED, REFUSED_METHOD, UPLOAD, Ports, Work

_TYPES = "type.googleapis.com/envoy.extensions"
_LINE = {
    "time": "%START_TIME%",
    "request_id": "%REQ(X-REQUEST-ID)%",
    "client": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
    "application": "%ROUTE_NAME%",
    "method": "%REQ(:METHOD)%",
    "host": "%REQ(:AUTHORITY)%",
    "path": "%REQ(:PATH)%",
    "status": "%RESPONSE_CODE%",
    "sent": "%BYTES_SENT%",
    "milliseconds": "%DURATION%",
    "upstream": "%UPSTREAM_CLUSTER%",
    "endpoint": "%UPSTREAM_HOST%",
}


def proxy(work: Work, ports: Ports, folder: Path) -> str:
    """JSON, which Envoy reads as YAML's subset. Its access log is buffered by itself."""
    log = {
        "name": "file",
        "typed_config": {
            "@type": f"{_TYPES}.access_loggers.file.v3.FileAccessLog",
            "path": f"{folder}/access.log",
            "log_format": {"json_format": _LINE},
        },
    }
    manager = {
        "@type": f"{_TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "in",
        "codec_type": "HTTP1",
        "use_remote_address": True,
        "via": "envoy",
        "normalize_path": True,
        "merge_slashes": True,
        "strip_any_host_port": True,
        "request_headers_timeout": "10s",
        "always_set_request_id_in_response": True,
        "access_log": [log],
        "http_filters": [
            {"name": "router", "typed_config": {"@type": f"{_TYPES}.filters.http.router.v3.Router"}},
        ],
        "route_config": {"name": "all", "virtual_hosts": [_host(work, n) for n in range(work.applications)]},
    }
    listener = {
        "name": "in",
        "address": _address(ports.plain),
        "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
    }
    listeners = [listener]
    if work.certificate is not None:
        listeners.append(_secured(work, ports.tls, manager, work.certificate))
    clusters = [_cluster(f"app{n}", work.backend) for n in range(work.applications)]
    clusters.append(_cluster("sink", work.sink))
    return json.dumps({"static_resources": {"listeners": listeners, "clusters": clusters}})


def _secured(work: Work, port: int, manager: dict[str, Any], files: Files) -> dict[str, Any]:
    """The one application over TLS."""
    only = {"name": "secured", "virtual_hosts": [_host(work, work.middle)]}
    shown = {"certificate_chain": {"filename": str(files.certificate)}, "private_key": {"filename": str(files.key)}}
    tls = {
        "@type": f"{_TYPES}.transport_sockets.tls.v3.DownstreamTlsContext",
        "common_tls_context": {
            "tls_certificates": [shown],
            "alpn_protocols": ["http/1.1"],
            "tls_params": {"tls_minimum_protocol_version": "TLSv1_2", "tls_maximum_protocol_version": "TLSv1_3"},
        },
    }
    chain = {
        "filters": [{"name": "http", "typed_config": {**manager, "stat_prefix": "tls", "route_config": only}}],
        "transport_socket": {"name": "tls", "typed_config": tls},
    }
    return {"name": "tls", "address": _address(port), "filter_chains": [chain]}


def _host(work: Work, number: int) -> dict[str, Any]:
    header, passed = DEBUG
    name = f"app{number}"
    retry = {"retry_on": "connect-failure,refused-stream", "num_retries": 2}
    to_backend = {"cluster": name, "timeout": "60s", "retry_policy": retry}
    method = [{"name": ":method", "string_match": {"exact": REFUSED_METHOD}}]
    routes: list[dict[str, Any]] = [
        {"match": {"prefix": "/", "headers": method}, "direct_response": {"status": 405}},
        {"match": {"path": MOVED[0]}, "redirect": {"path_redirect": MOVED[1], "response_code": "FOUND"}},
        {"match": {"prefix": DENIED}, "direct_response": {"status": 403}},
        {"match": {"prefix": UPLOAD}, "route": {**to_backend, "cluster": "sink"}},
        *({"match": {"prefix": path}, "route": to_backend} for path in work.prefixes()),
        {"match": {"prefix": "/"}, "route": to_backend},
    ]
    return {
        "name": name,
        "domains": work.hosts(number),
        "routes": [{"name": name, **route} for route in routes],
        "request_headers_to_add": [
            _header("X-Forwarded-Host", "%REQ(:AUTHORITY)%"),
            _header(passed, f"%REQ({header})%"),
        ],
        "response_headers_to_add": [_header(*MARK)],
    }


def _header(name: str, value: str) -> dict[str, Any]:
    return {"header": {"key": name, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}


def _cluster(name: str, port: int) -> dict[str, Any]:
    endpoint = {"endpoint": {"address": _address(port)}}
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "5s",
        "outlier_detection": {"consecutive_gateway_failure": 3, "base_ejection_time": "5s"},
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}
