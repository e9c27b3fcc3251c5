"""A Docker daemon's API on a Unix socket: as much of it as the SDK asks for, every request remembered.

Shapes are those of the Docker Engine API, version 1.47 (https://docs.docker.com/reference/api/engine/version/v1.47/).
"""

import asyncio
import json
import re
from urllib.parse import parse_qs, unquote, urlsplit

NETWORK = "kind"


class DockerApi:
    """`takes_addresses`: whether containers may ask for an address; `gives` is what they get otherwise."""

    def __init__(self, cluster="edge-scenarios", nodes=("control-plane", "worker", "worker2")):
        self.requests = []  # (method, path without version and query, body)
        self.containers = {}
        self.takes_addresses, self.gives, self.says = True, None, {}
        self.ran = []  # (image, command) of containers that ran to their end
        for number, name in enumerate(nodes):
            self.containers[f"id-{name}"] = {
                "Id": f"id-{name}",
                "Names": [f"/{cluster}-{name}"],
                "Image": "kindest/node:v1.36.1",
                "State": "running",
                "Labels": {
                    "io.x-k8s.kind.cluster": cluster,
                    "io.x-k8s.kind.role": "worker" if "worker" in name else "control-plane",
                },
                "NetworkSettings": {"Networks": {NETWORK: _endpoint(f"172.18.0.{number + 2}")}},
            }

    async def listen(self, path):
        self._server = await asyncio.start_unix_server(self._serve, path)

    async def close(self):
        self._server.close()

    def did(self):
        """What was done to containers and networks, oldest first."""
        return [f"{path}" for method, path, _ in self.requests if method in ("POST", "DELETE")]

    async def _serve(self, reader, writer):
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
                length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
                body = await reader.readexactly(int(length[1])) if length else b""
                status, answer = self._answer(method, target, json.loads(body) if body else None)
                content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                kind = "application/octet-stream" if isinstance(answer, bytes) else "application/json"
                content = b"" if status == 204 else content
                writer.write(
                    f"HTTP/1.1 {status} x\r\ncontent-type: {kind}\r\ncontent-length: {len(content)}\r\n\r\n".encode()
                    + content
                )
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    def _answer(self, method, target, body):
        parts = urlsplit(target)
        path = re.sub(r"^/v1\.\d+", "", unquote(parts.path))
        self.requests.append((method, path, body))
        if path in self.says:
            return self.says[path]
        if path == "/version":
            return 200, {"ApiVersion": "1.47", "Version": "27.0"}
        if path == "/containers/json":
            wanted = json.loads(parse_qs(parts.query)["filters"][0])["label"][0].split("=")
            return 200, [each for each in self.containers.values() if each["Labels"].get(wanted[0]) == wanted[1]]
        if found := re.fullmatch(r"/containers/(id-[\w-]+)/(pause|unpause|stop|start)", path):
            return self._change(self.containers[found[1]], found[2])
        if found := re.fullmatch(rf"/networks/{NETWORK}/(connect|disconnect)", path):
            return self._network(self.containers[body["Container"]], found[1], body)
        return self._run(method, path, body)

    def _change(self, container, what):
        before, after = {
            "pause": ("running", "paused"),
            "unpause": ("paused", "running"),
            "stop": ("running", "exited"),
            "start": ("exited", "running"),
        }[what]
        if container["State"] != before:
            return 409, {"message": f"container {container['Id']} is {container['State']}"}
        container["State"] = after
        return 204, None

    def _network(self, container, what, body):
        networks = container["NetworkSettings"]["Networks"]
        if what == "disconnect":
            container["before"] = networks.pop(NETWORK)["IPAddress"]
            return 200, {}
        asked = (body.get("EndpointConfig") or {}).get("IPAMConfig")
        if asked and not self.takes_addresses:
            message = (
                "user specified IP address is supported only when connecting to networks with user configured subnets"
            )
            return 400, {"message": message}
        networks[NETWORK] = _endpoint(asked["IPv4Address"] if asked else self.gives or container["before"])
        return 200, {}

    def _run(self, method, path, body):
        """A container that runs one command to its end."""
        if path == "/containers/create":
            self.ran.append((body["Image"], [*body["Entrypoint"], *body["Cmd"]], body["HostConfig"]))
            return 201, {"Id": "once", "Warnings": []}
        if path == "/containers/once/json":
            return 200, {
                "Id": "once",
                "Name": "/once",
                "HostConfig": {"LogConfig": {"Type": "json-file"}},
                "Config": {"Tty": False},
            }
        if path == "/containers/once/wait":
            return 200, {"StatusCode": 0}
        if path == "/containers/once/logs":
            return 200, b""
        if path in ("/containers/once", "/containers/once/start"):
            return 204, None
        return 404, {"message": f"there is no {method} {path} here"}


def _endpoint(address):
    return {"IPAddress": address, "GlobalIPv6Address": "", "NetworkID": "n"}
