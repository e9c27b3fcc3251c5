import base64
import json
from datetime import UTC, datetime

import httpx
import pytest
import respx
import yaml

from edge.demo.kubernetes import Direct
from edge.demo.processes import DemoError
from edge.demo.tutorial import HELLO_MANIFEST
from simulator.access.certificates import Authority

SERVER = "https://127.0.0.1:6443"


@pytest.fixture
def direct(tmp_path, certificate_authority):
    config = {
        "clusters": [
            {
                "cluster": {
                    "server": SERVER,
                    "certificate-authority-data": base64.b64encode(certificate_authority).decode(),
                }
            }
        ],
        "users": [{"user": {"token": "admin-token"}}],
    }
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return Direct(path)


@pytest.fixture
def certificate_authority():
    return Authority(datetime.now(UTC)).certificate


@respx.mock
async def test_applying_creates_what_is_new_and_patches_what_exists(direct):
    deployments = respx.post(f"{SERVER}/apis/apps/v1/namespaces/default/deployments").respond(201, json={})
    respx.post(f"{SERVER}/api/v1/namespaces/default/services").respond(409, json={})
    patched = respx.patch(f"{SERVER}/api/v1/namespaces/default/services/test-hello").respond(200, json={})
    assert await direct.apply(HELLO_MANIFEST) == "deployment/test-hello created\nservice/test-hello configured"
    assert deployments.calls.last.request.headers["authorization"] == "Bearer admin-token"
    assert patched.calls.last.request.headers["content-type"] == "application/merge-patch+json"


@respx.mock
async def test_a_token_that_kubernetes_has_not_made_yet_is_watched_for(direct):
    path = f"{SERVER}/api/v1/namespaces/default/secrets"
    respx.get(f"{path}/edge-reader-token").respond(200, json={"metadata": {"resourceVersion": "7"}})
    token = base64.b64encode(b"the-token").decode()
    event = {"type": "MODIFIED", "object": {"data": {"token": token}}}
    watched = respx.get(path).respond(200, text=json.dumps(event) + "\n")
    assert await direct.read_token("edge-reader-token") == "the-token"
    assert watched.calls.last.request.url.params["resourceVersion"] == "7"


@respx.mock
async def test_a_refusal_is_told_with_its_status_and_body(direct):
    respx.patch(f"{SERVER}/apis/apps/v1/namespaces/default/deployments/test-hello/scale").mock(
        httpx.Response(403, text="forbidden: may not scale")
    )
    with pytest.raises(DemoError, match="scaling test-hello answered 403: forbidden"):
        await direct.scale("test-hello", 3)
