import asyncio

import pytest
import yaml

from scenarios.errors import TargetError
from scenarios.targets.kind.command import Kind


async def test_a_cluster_is_made_with_a_configuration_and_a_kubeconfig_of_its_own(programs, tmp_path):
    programs.say("administrator", "apiVersion: v1")
    kind = Kind("some")
    assert not await kind.exists()
    await kind.create(tmp_path)
    assert await kind.exists()
    assert (tmp_path / "kubeconfig").read_text() == "apiVersion: v1"
    configuration = yaml.safe_load((programs.home / "configuration").read_text())
    assert [node["role"] for node in configuration["nodes"]] == ["control-plane", "worker", "worker"]
    created = programs.asked("kind")[1]
    assert created[:4] == ["create", "cluster", "--name", "some"]


async def test_a_cluster_that_is_there_is_exported_and_deleted(programs, tmp_path):
    programs.say("clusters", "other some")
    await Kind("some").export(tmp_path)
    await Kind("some").delete(tmp_path)
    kubeconfig = ["--kubeconfig", f"{tmp_path}/kubeconfig"]
    assert programs.asked("kind") == [
        ["export", "kubeconfig", "--name", "some", *kubeconfig],
        ["delete", "cluster", "--name", "some", *kubeconfig],
    ]
    assert programs.clusters() == ["other"]


async def test_a_cluster_whose_making_fails_is_deleted_again_and_kinds_own_words_are_said(programs, tmp_path):
    programs.say("kind.fails", "create")
    with pytest.raises(
        TargetError, match=r"`kind create cluster` for some failed \(1\): ERROR: failed to create cluster"
    ):
        await Kind("some").create(tmp_path)
    assert programs.asked("kind")[-1][:2] == ["delete", "cluster"]


async def test_a_cluster_whose_making_is_interrupted_is_deleted_again(programs, tmp_path):
    programs.say("kind.hangs")
    creating = asyncio.gather(Kind("some").create(tmp_path))
    async with asyncio.timeout(5):
        while not (programs.home / "creating").exists():  # noqa: ASYNC110 – another process makes it
            await asyncio.sleep(0.01)
    creating.cancel()
    with pytest.raises(asyncio.CancelledError):
        await creating
    assert programs.asked("kind")[-1][:2] == ["delete", "cluster"]
    assert programs.clusters() == []


async def test_no_kind_is_a_target_that_cannot_be_used(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(TargetError, match=r"needs the program `kind`: install it \(https://kind"):
        Kind("some")
