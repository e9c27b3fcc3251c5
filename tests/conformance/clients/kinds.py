"""Every kind of the simulator, with the official client's class and methods for it, found by the client's own rules."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

Object = dict[str, Any]
EVERY_KIND = Path(__file__).parent / "files" / "every_kind.yaml"


def one_of_each(namespace: str) -> list[Object]:
    """One manifest of every kind; those of the cluster carry the namespace's name in theirs."""
    text = EVERY_KIND.read_text().replace("NAMESPACE", namespace).replace("REQUEST", _signing_request())
    return [entry for entry in yaml.safe_load_all(text) if entry]


def _signing_request() -> str:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "tester")])
    key = ec.generate_private_key(ec.SECP256R1())
    made = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, SHA256())
    return base64.b64encode(made.public_bytes(Encoding.PEM)).decode()


def api(module: Any, api_version: str) -> Any:
    """The API class for `apps/v1` of a generated client: AppsV1Api."""
    group, _, version = api_version.rpartition("/")
    words = (group.removesuffix(".k8s.io") or "core").replace(".", " ")
    return getattr(
        module, "".join(word[:1].upper() + word[1:] for word in words.split()) + version.capitalize() + "Api"
    )


def snake(kind: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", kind).lower()


def method(client: Any, verb: str, kind: str, namespace: str) -> Callable[..., Any]:
    """`create_namespaced_pod` with the namespace, or `create_node`."""
    namespaced = getattr(client, f"{verb}_namespaced_{snake(kind)}", None)
    if namespaced is None:
        return getattr(client, f"{verb}_{snake(kind)}")

    def bound(*arguments: Any, **options: Any) -> Any:
        if verb in ("list", "create", "delete_collection"):
            return namespaced(namespace, *arguments, **options)
        return namespaced(arguments[0], namespace, *arguments[1:], **options)

    return bound
