import asyncio

import httpx
import pytest

from scenarios.errors import StepError, TargetError
from scenarios.targets.simulator import SimulatorTarget

PATH = "/api/v1/namespaces"


async def names(target):
    return [item["metadata"]["name"] for item in (await target.kubernetes.request("GET", PATH))["items"]]


async def test_its_api_server_is_taken_away_and_comes_back_and_its_process_ends_with_it(tmp_path):
    """One process for all of it, because that takes half a second to start."""
    target = SimulatorTarget()
    await target.open(tmp_path)
    address = await target.address()
    assert (address.host, address.ca_certificate) == ("127.0.0.1", None)
    assert address.token not in repr(address)

    await target.api_server.stop(keep=True)
    with pytest.raises(StepError, match="got no answer"):
        await names(target)
    await target.api_server.start()
    assert "default" in await names(target)

    await target.api_server.pause()
    await target.api_server.pause()  # once is enough
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await names(target)
    await target.api_server.resume()
    await target.api_server.resume()
    assert "default" in await names(target)

    with pytest.raises(StepError, match=r"the simulator answered 4.. to POST faults: .*moon"):
        await target.control.send("POST", "faults", {"match": {}, "fault": {"type": "moon"}})

    await target.close()
    async with httpx.AsyncClient() as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(f"https://{address.host}:{address.port}")


async def test_a_simulator_that_cannot_start_is_a_target_that_cannot_be_used(tmp_path):
    (tmp_path / "kubeconfig").mkdir()  # where its file would be
    target = SimulatorTarget()
    with pytest.raises(TargetError, match="edge simulator ended with code"):
        await target.open(tmp_path)
    await target.close()
