"""What the tutorial does to Kubernetes: with the real kubectl, or with the same requests where there is none."""

from __future__ import annotations

import asyncio
import base64
import binascii
import os
import shutil
import ssl
import sys
from pathlib import Path
from typing import Any, Protocol

import httpx
import yaml

from edge.demo.processes import DemoError


class Kubernetes(Protocol):
    """The few deeds that the tutorial needs; each raises DemoError with the answer when it fails."""

    name: str

    async def apply(self, manifest: Path) -> str:
        """Apply a manifest; what was said about each object."""

    async def read_token(self, secret: str) -> str:
        """The bearer token that Kubernetes put into a ServiceAccount token secret of the namespace default."""

    async def scale(self, deployment: str, replicas: int) -> str:
        """Change a Deployment's replicas; what was said."""


async def find(kubeconfig: Path, cache: Path) -> Kubernetes:
    """kubectl when one beside this Python or on PATH works, else direct requests."""
    beside = Path(sys.executable).with_name("kubectl")
    program = str(beside) if beside.is_file() else shutil.which("kubectl")
    if program is not None:
        kubectl = Kubectl(program, kubeconfig, cache)
        try:
            await kubectl.run("version", "--client")
        except DemoError:
            pass
        else:
            return kubectl
    return Direct(kubeconfig)


class Kubectl:
    """The real kubectl."""

    name = "kubectl"

    def __init__(self, program: str, kubeconfig: Path, cache: Path) -> None:
        self._program = program
        self._environment = {**os.environ, "KUBECONFIG": str(kubeconfig), "KUBECACHEDIR": str(cache)}

    async def run(self, *arguments: str) -> str:
        """Standard output of one kubectl command."""
        try:
            process = await asyncio.create_subprocess_exec(
                self._program,
                *arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=self._environment,
            )
        except OSError as error:
            raise DemoError(f"{self._program} cannot be run: {error}") from error
        output, errors = await process.communicate()
        if process.returncode != 0:
            raise DemoError(f"kubectl {' '.join(arguments)} failed: {errors.decode(errors='replace').strip()}")
        return output.decode().strip()

    async def apply(self, manifest: Path) -> str:
        return await self.run("apply", "-f", str(manifest))

    async def read_token(self, secret: str) -> str:
        await self.run("wait", "--for=jsonpath={.data.token}", f"secret/{secret}", "--timeout=10s")
        for line in (await self.run("describe", "secret", secret)).splitlines():
            if line.startswith("token:"):
                return line.split()[1]
        raise DemoError(f"kubectl describe secret {secret} shows no token")

    async def scale(self, deployment: str, replicas: int) -> str:
        return await self.run("scale", f"--replicas={replicas}", "deployment", deployment)


_PATHS = {
    "ServiceAccount": "api/v1/namespaces/default/serviceaccounts",
    "Secret": "api/v1/namespaces/default/secrets",
    "Service": "api/v1/namespaces/default/services",
    "Deployment": "apis/apps/v1/namespaces/default/deployments",
    "ClusterRole": "apis/rbac.authorization.k8s.io/v1/clusterroles",
    "ClusterRoleBinding": "apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
}


def _documents(manifest: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(manifest.read_text(encoding="utf-8")))


def connection(kubeconfig: Path) -> tuple[str, dict[str, Any]]:
    """(the API server's base URL, options for an httpx client that may speak to it), for a kubeconfig whose first
    cluster and user have their certificates or token inline."""
    config = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    context = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode("ascii"))
    if "client-certificate-data" in user:
        _load_certificate(context, user, kubeconfig.parent)
    headers = {"authorization": f"Bearer {user['token']}"} if "token" in user else {}
    return f"{cluster['server']}/", {"headers": headers, "verify": context, "trust_env": False, "timeout": 30}


def _load_certificate(context: ssl.SSLContext, user: dict[str, str], folder: Path) -> None:
    chain = folder / "client.pem"
    descriptor = os.open(chain, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(base64.b64decode(user["client-certificate-data"]))
        file.write(base64.b64decode(user["client-key-data"]))
    context.load_cert_chain(chain)


class Direct:
    """The same requests without kubectl, for machines where it does not run."""

    name = "direct requests"

    def __init__(self, kubeconfig: Path) -> None:
        self._server, self._options = connection(kubeconfig)

    async def _request(
        self, method: str, path: str, body: Any = None, content_type: str = "application/json"
    ) -> httpx.Response:
        async with httpx.AsyncClient(base_url=self._server, **self._options) as client:
            if body is None:
                return await client.request(method, path)
            return await client.request(
                method,
                path,
                content=httpx.Request(method, self._server, json=body).content,
                headers={"content-type": content_type},
            )

    @staticmethod
    def _check(response: httpx.Response, deed: str) -> Any:
        if not response.is_success:
            raise DemoError(f"{deed} answered {response.status_code}: {response.text[:300]}")
        return response.json()

    async def apply(self, manifest: Path) -> str:
        said = []
        for document in _documents(manifest):
            kind, name = document["kind"], document["metadata"]["name"]
            response = await self._request("POST", _PATHS[kind], document)
            verb = "created"
            if response.status_code == 409:
                verb = "configured"
                response = await self._request(
                    "PATCH", f"{_PATHS[kind]}/{name}", document, "application/merge-patch+json"
                )
            self._check(response, f"applying {kind} {name}")
            said.append(f"{kind.lower()}/{name} {verb}")
        return "\n".join(said)

    async def read_token(self, secret: str) -> str:
        path = f"{_PATHS['Secret']}/{secret}"
        found = self._check(await self._request("GET", path), f"reading secret {secret}")
        if not (found.get("data") or {}).get("token"):
            found = await self._watch_for_token(secret, found["metadata"]["resourceVersion"])
        try:
            return base64.b64decode(found["data"]["token"]).decode("ascii")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise DemoError(f"the token of secret {secret} is not base64") from error

    async def _watch_for_token(self, secret: str, version: str) -> Any:
        query = f"watch=true&timeoutSeconds=10&fieldSelector=metadata.name%3D{secret}&resourceVersion={version}"
        async with (
            httpx.AsyncClient(base_url=self._server, **self._options) as client,
            client.stream("GET", f"{_PATHS['Secret']}?{query}") as response,
        ):
            async for line in response.aiter_lines():
                found = yaml.safe_load(line)["object"]
                if (found.get("data") or {}).get("token"):
                    return found
        raise DemoError(f"Kubernetes put no token into secret {secret} within 10 s")

    async def scale(self, deployment: str, replicas: int) -> str:
        response = await self._request(
            "PATCH",
            f"{_PATHS['Deployment']}/{deployment}/scale",
            {"spec": {"replicas": replicas}},
            "application/merge-patch+json",
        )
        self._check(response, f"scaling {deployment}")
        return f"deployment.apps/{deployment} scaled"
