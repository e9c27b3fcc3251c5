"""The work as nginx's configuration, as one with Lua, and the backend."""

from __future__ import annotations

import os
from pathlib import Path

from loadtests.peers.programs import LUA_MODULES
from loadtests.peers.work import DEBUG, DENIED, MARK, MOVED, REFUSED_METHOD, UPLOAD, Ports, Work

SIZES = {"64k": 64 * 1024, "10m": 10 * 1024 * 1024}
"""Files that the backend serves, by name."""
SMALL = "x" * 100

_LINE = (
    '{"time":"$msec","request_id":"$request_id","client":"$remote_addr","application":"$server_name",'
    '"method":"$request_method","host":"$host","path":"$uri","status":$status,"sent":$bytes_sent,'
    '"seconds":$request_time,"upstream":"$proxy_host","endpoint":"$upstream_addr"}'
)


def _frame(folder: Path, before: str, http: str) -> str:
    user = "user root;" if os.geteuid() == 0 else ""
    temporary = "\n".join(
        f"  {kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return f"""{before}
{user}
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log error;
events {{ worker_connections 8192; }}
http {{
{temporary}
  default_type text/plain;
  client_max_body_size 0;
  keepalive_requests 1000000000;
  keepalive_timeout 60s;
  tcp_nodelay on;
{http}
}}
"""


def backend(port: int, folder: Path) -> str:
    """Small answers from memory, large ones from files; no log. Writes the files."""
    for name, size in SIZES.items():
        (folder / name).write_bytes(b"x" * size)
    return _frame(
        folder,
        "",
        f"""
  access_log off;
  sendfile on;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{ return 200 "{SMALL}"; }}
    location /files/ {{ alias {folder}/; }}
  }}""",
    )


def _proxying(folder: Path, mark: bool = True) -> str:
    marking = f"add_header {MARK[0]} {MARK[1]} always;" if mark else ""
    return f"""
  log_format line escape=json '{_LINE}';
  access_log {folder}/access.log line buffer=64k flush=500ms;
  proxy_http_version 1.1;
  proxy_request_buffering off;
  proxy_max_temp_file_size 0;
  proxy_buffer_size 8k;
  proxy_buffers 8 16k;
  proxy_busy_buffers_size 32k;
  proxy_set_header Host $http_host;
  proxy_set_header Connection "";
  proxy_set_header X-Forwarded-For $remote_addr;
  proxy_set_header X-Forwarded-Proto $scheme;
  proxy_set_header X-Forwarded-Host $http_host;
  proxy_set_header X-Request-Id $request_id;
  proxy_set_header Via "1.1 nginx";
  add_header X-Request-Id $request_id always;
  {marking}"""


def proxy(work: Work, ports: Ports, folder: Path) -> str:
    """A server for each application, a location for each rule that looks at the path."""
    servers = "\n".join(_server(work, ports, number) for number in range(work.applications))
    header, passed = DEBUG
    return _frame(
        folder,
        "",
        f"""{_proxying(folder)}
  proxy_set_header {passed} $http_{header.lower().replace("-", "_")};
  server_names_hash_max_size 262144;
  server_names_hash_bucket_size 128;
  upstream sink {{ server 127.0.0.1:{work.sink}; keepalive 64; keepalive_requests 1000000000; }}
  server {{ listen 127.0.0.1:{ports.plain} default_server backlog=4096; return 404; }}
{servers}""",
    )


def _server(work: Work, ports: Ports, number: int) -> str:
    prefixes = "\n".join(f"    location {path} {{ proxy_pass http://app{number}; }}" for path in work.prefixes())
    return f"""  upstream app{number} {{
    server 127.0.0.1:{work.backend};
    keepalive 64;
    keepalive_requests 1000000000;
  }}
  server {{
    listen 127.0.0.1:{ports.plain};
    {_secured(work, ports) if number == work.middle else ""}
    server_name {" ".join(work.hosts(number))};
    if ($request_method = {REFUSED_METHOD}) {{ return 405; }}
    location = {MOVED[0]} {{ return 302 {MOVED[1]}; }}
    location {DENIED} {{ return 403; }}
    location {UPLOAD} {{ proxy_pass http://sink; }}
{prefixes}
    location / {{ proxy_pass http://app{number}; }}
  }}"""


def _secured(work: Work, ports: Ports) -> str:
    if work.certificate is None:
        return ""
    return (
        f"listen 127.0.0.1:{ports.tls} ssl backlog=4096; ssl_protocols TLSv1.2 TLSv1.3;"
        f" ssl_certificate {work.certificate.certificate}; ssl_certificate_key {work.certificate.key};"
    )


def with_lua(work: Work, ports: Ports, folder: Path) -> str:
    """One server; Lua finds the application by the host, walks its rules and sets the peer, as OpenResty Edge does."""
    modules = "\n".join(f"load_module {LUA_MODULES}/{name}.so;" for name in ("ndk_http_module", "ngx_http_lua_module"))
    hosts = "\n".join(
        f'      hosts["{host}"] = {number}' for number in range(work.applications) for host in work.hosts(number)
    )
    header, passed = DEBUG
    (folder / "hosts.lua").write_text(f"local hosts = {{}}\n{_in_functions(hosts)}\nreturn hosts\n")
    prefixes = ", ".join(f'"{path}"' for path in work.prefixes())
    return _frame(
        folder,
        modules,
        f"""{_proxying(folder, mark=False)}
  lua_package_path "{folder}/?.lua;/usr/share/lua/5.1/?.lua;;";
  init_by_lua_block {{
    hosts = require "hosts"
    local byte, find, sub = string.byte, string.find, string.sub
    local prefixes = {{ {prefixes} }}
    applications = {{}}
    for number = 0, {work.applications - 1} do
      local rules = {{}}
      rules[1] = function() ngx.header["{MARK[0]}"] = "{MARK[1]}" end
      rules[2] = function()
        local debug = ngx.var.http_{header.lower().replace("-", "_")}
        if debug then ngx.req.set_header("{passed}", debug) end
      end
      rules[3] = function(method) if method == "{REFUSED_METHOD}" then return 405 end end
      rules[4] = function(_, path) if path == "{MOVED[0]}" then return ngx.redirect("{MOVED[1]}") end end
      rules[5] = function(_, path) if sub(path, 1, {len(DENIED)}) == "{DENIED}" then return 403 end end
      rules[6] = function(_, path) if sub(path, 1, {len(UPLOAD)}) == "{UPLOAD}" then return {work.sink} end end
      for _, prefix in ipairs(prefixes) do
        rules[#rules + 1] = function(_, path) if sub(path, 1, #prefix) == prefix then return {work.backend} end end
      end
      rules[#rules + 1] = function() return {work.backend} end
      applications[number] = rules
    end
  }}
  upstream chosen {{
    server 0.0.0.1;
    balancer_by_lua_block {{
      require("ngx.balancer").set_current_peer("127.0.0.1", ngx.ctx.port)
    }}
    keepalive 64;
    keepalive_requests 1000000000;
  }}
  server {{
    listen 127.0.0.1:{ports.plain} default_server backlog=4096;
    {_secured(work, ports)}
    location / {{
      access_by_lua_block {{
        local number = hosts[ngx.var.host]
        if not number then return ngx.exit(404) end
        local method, path = ngx.req.get_method(), ngx.var.uri
        for _, rule in ipairs(applications[number]) do
          local decided = rule(method, path)
          if decided then
            if decided < 1000 then return ngx.exit(decided) end
            ngx.ctx.port = decided
            break
          end
        end
      }}
      proxy_pass http://chosen;
    }}
  }}""",
    )


def _in_functions(lines: str) -> str:
    """Lua allows 65,536 constants in a function: a function for each thousand lines."""
    every = lines.splitlines()
    blocks = ["\n".join(every[start : start + 1000]) for start in range(0, len(every), 1000)]
    return "\n".join(
        f"(function()\n{block}\nend)()" if not i else f";(function()\n{block}\nend)()" for i, block in enumerate(blocks)
    )
