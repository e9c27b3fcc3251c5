"""The service account that Edge reads a cluster with: made from Edge's own `token.yml`."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import yaml

from edge import clock
from edge.demo.tutorial import TOKEN_MANIFEST
from scenarios.errors import StepError, TargetError
from scenarios.kubernetes import Kubernetes

SECRET, NAMESPACE = "edge-reader-token", "default"
PATIENCE = 15.0


async def token(kubernetes: Kubernetes) -> str:
    """Apply `token.yml`, and wait for the token that Kubernetes puts into its Secret. TargetError when none comes."""
    text = await clock.run_blocking(lambda: TOKEN_MANIFEST.read_text(encoding="utf-8"))
    for document in yaml.safe_load_all(text):
        await kubernetes.apply(document)
    path = kubernetes.path("secret", None, NAMESPACE)
    try:
        async with asyncio.timeout(PATIENCE):
            async for event in kubernetes.watch(path):
                if found := _token(event["object"]):
                    return found
    except TimeoutError:
        pass
    except StepError as error:
        raise TargetError(f"the token of edge-reader could not be read: {error}") from None
    raise TargetError(f"Kubernetes put no token into the Secret {NAMESPACE}/{SECRET} within {PATIENCE:g} s")


def _token(secret: Any) -> str:
    if secret.get("metadata", {}).get("name") != SECRET:
        return ""
    return base64.b64decode((secret.get("data") or {}).get("token", "")).decode("ascii")
