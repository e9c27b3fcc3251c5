"""The work as Caddy's configuration.

Caddy asks its routes one after the other, so a route for each of many sites would cost it a scan for every request.
All sites share one route here, whose host matcher is a binary search: less than the others do, in Caddy's favour.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from loadtests.peers.work import DEBUG, DENIED, MARK, MOVED, REFUSED_METHOD, UPLOAD, Ports, Work


def proxy(work: Work, ports: Ports, folder: Path) -> str:
    """JSON."""
    header, passed = DEBUG
    routes = [
        {"handle": [{"handler": "headers", "response": {"set": {MARK[0]: [MARK[1]]}}}]},
        {
            "match": [{"header": {header: ["*"]}}],
            "handle": [
                {"handler": "headers", "request": {"set": {passed: [f"{{http.request.header.{header}}}"]}}},
            ],
        },
        {"match": [{"method": [REFUSED_METHOD]}], "handle": [_answer(405)]},
        {"match": [{"path": [MOVED[0]]}], "handle": [_answer(302, Location=[MOVED[1]])]},
        {"match": [{"path": [f"{DENIED}*"]}], "handle": [_answer(403)]},
        {"match": [{"path": [f"{UPLOAD}*"]}], "handle": [_proxy(work.sink)]},
        *({"match": [{"path": [f"{path}*"]}], "handle": [_proxy(work.backend)]} for path in work.prefixes()),
        {"handle": [_proxy(work.backend)]},
    ]
    server = {
        "listen": [f"127.0.0.1:{ports.plain}"],
        "automatic_https": {"disable": True},
        "protocols": ["h1"],
        "logs": {"default_logger_name": "access"},
        "metrics": {},
        "routes": [
            {
                "match": [{"host": [host for number in range(work.applications) for host in work.hosts(number)]}],
                "handle": [{"handler": "subroute", "routes": routes}],
                "terminal": True,
            },
            {"handle": [_answer(404)]},
        ],
    }
    servers = {"in": server}
    apps: dict[str, Any] = {"http": {"servers": servers}}
    if work.certificate is not None:
        policy = {"alpn": ["http/1.1"], "protocol_min": "tls1.2"}
        servers["tls"] = {**server, "listen": [f"127.0.0.1:{ports.tls}"], "tls_connection_policies": [policy]}
        files = {"certificate": str(work.certificate.certificate), "key": str(work.certificate.key)}
        apps["tls"] = {"certificates": {"load_files": [files]}}
    writer = {"output": "file", "filename": f"{folder}/access.log", "roll": False}
    logs = {
        "default": {"level": "ERROR"},
        "access": {"writer": writer, "encoder": {"format": "json"}, "include": ["http.log.access.access"]},
    }
    return json.dumps(
        {
            "admin": {"disabled": True, "config": {"persist": False}},
            "logging": {"logs": logs},
            "apps": apps,
        }
    )


def _answer(status: int, **headers: list[str]) -> dict[str, Any]:
    return {"handler": "static_response", "status_code": status, "headers": headers}


def _proxy(port: int) -> dict[str, Any]:
    return {
        "handler": "reverse_proxy",
        "upstreams": [{"dial": f"127.0.0.1:{port}"}],
        "transport": {"protocol": "http", "keep_alive": {"max_idle_conns_per_host": 256}, "compression": False},
        "headers": {
            "request": {"set": {"X-Request-Id": ["{http.request.uuid}"]}},
            "response": {"set": {"X-Request-Id": ["{http.request.uuid}"]}},
        },
    }
