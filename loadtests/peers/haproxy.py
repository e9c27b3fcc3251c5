"""The work as HAProxy's configuration: maps for hosts and paths, which is how it is given many."""

from __future__ import annotations

from pathlib import Path

from loadtests.peers.work import DEBUG, DENIED, MARK, MOVED, REFUSED_METHOD, UPLOAD, Ports, Work

_LINE = (
    r'{"time":"%Ts","request_id":"%ID","client":"%ci","application":"%[var(txn.app)]","method":"%HM",'
    r'"host":"%[var(txn.host),json(utf8s)]","path":"%HPO","status":%ST,"sent":%B,"milliseconds":%Ta,'
    r'"upstream":"%b","endpoint":"%si:%sp"}'
)

_TLS = "ssl-min-ver TLSv1.2 alpn http/1.1"


def proxy(work: Work, ports: Ports, folder: Path) -> str:
    """Writes the maps; answers the configuration. The log goes to a ring of a mapped file, the buffered file it has."""
    hosts = [f"{host} app{number}" for number in range(work.applications) for host in work.hosts(number)]
    (folder / "hosts.map").write_text("\n".join(hosts) + "\n")
    rules = []
    exact = []
    for number in range(work.applications):
        exact.append(f"app{number}{MOVED[0]} {MOVED[1]}")
        rules += [f"app{number}{DENIED} deny", f"app{number}{UPLOAD} sink"]
        rules += [f"app{number}{path} backend" for path in work.prefixes()]
        rules.append(f"app{number}/ backend")
    (folder / "exact.map").write_text("\n".join(exact) + "\n")
    (folder / "rules.map").write_text("\n".join(rules) + "\n")
    header, passed = DEBUG
    files = work.certificate
    secured = "" if files is None else f"  bind 127.0.0.1:{ports.tls} backlog 4096 ssl crt {files.both} {_TLS}\n"
    return f"""
global
  nbthread 1
  maxconn 8192
  log ring@access local0
  tune.bufsize 32768
ring access
  format raw
  maxlen 2048
  size 1048576
  backing-file {folder}/access.ring
defaults
  mode http
  log global
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout http-keep-alive 60s
  option http-keep-alive
  option dontlognull
  option redispatch
  retries 3
  http-reuse always
  unique-id-format %[uuid()]
frontend in
  bind 127.0.0.1:{ports.plain} backlog 4096
{secured}  log-format '{_LINE}'
  unique-id-header X-Request-Id
  http-request set-var(txn.host) req.hdr(host),lower
  http-request set-var(txn.app) var(txn.host),map_str({folder}/hosts.map)
  http-request set-var(txn.path) path
  http-request return status 404 unless {{ var(txn.app) -m found }}
  http-request set-header {passed} %[req.hdr({header})] if {{ req.hdr({header}) -m found }}
  http-request return status 405 if {{ method {REFUSED_METHOD} }}
  acl moved var(txn.app),concat(,txn.path),map_str({folder}/exact.map) -m found
  http-request redirect location {MOVED[1]} code 302 if moved
  http-request set-var(txn.rule) var(txn.app),concat(,txn.path),map_beg({folder}/rules.map)
  http-request return status 403 if {{ var(txn.rule) -m str deny }}
  http-request set-header X-Forwarded-For %[src]
  http-request set-header X-Forwarded-Proto %[ssl_fc,iif(https,http)]
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  http-request set-header Via "1.1 haproxy"
  http-response set-header {MARK[0]} {MARK[1]}
  http-response set-header X-Request-Id %[unique-id]
  use_backend %[var(txn.rule)]
backend backend
  server one 127.0.0.1:{work.backend} pool-max-conn -1
backend sink
  server one 127.0.0.1:{work.sink} pool-max-conn -1
"""
