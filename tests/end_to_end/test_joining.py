"""How a gateway server becomes one of a cluster, and how it is refused."""

import pytest

from edge.demo.processes import DemoError
from tests.end_to_end.house import House

pytestmark = pytest.mark.timeout(90)


async def house_with_admin(folder):
    house = House(folder)
    await house.start_admin()
    await house.prepare_gateways()
    return house


async def test_a_wrong_join_token_is_refused_with_the_reason(tmp_path):
    house = await house_with_admin(tmp_path)
    try:
        with pytest.raises(DemoError, match="join token"):
            await house.start_gateway("stranger", "not-a-token")
        assert (await house.admin.get("gateway-servers"))["items"] == []
    finally:
        await house.close()


async def test_a_used_up_join_token_is_refused_but_a_restart_needs_none(tmp_path):
    house = await house_with_admin(tmp_path)
    try:
        token = await house.join_token()
        await house.start_gateway("one", token)
        with pytest.raises(DemoError, match="join token"):
            await house.start_gateway("two", token)
        await house.children["one"].stop()
        await house.start_gateway("one", token)
        servers = await house.admin.until(
            "one server online",
            lambda: house.admin.get("gateway-servers"),
            lambda page: [server["online"] for server in page["items"]] == [True],
            within=10,
        )
        assert servers["items"][0]["address"] == house.url("one").removeprefix("http://")
        assert "not-a-token" not in str(servers)
    finally:
        await house.close()


async def test_a_deleted_server_is_disconnected_and_cannot_come_back(tmp_path):
    house = await house_with_admin(tmp_path)
    try:
        await house.start_gateway("one", await house.join_token())
        page = await house.admin.until(
            "one server online",
            lambda: house.admin.get("gateway-servers"),
            lambda page: [server["online"] for server in page["items"]] == [True],
            within=10,
        )
        await house.admin.request("DELETE", f"gateway-servers/{page['items'][0]['id']}")
        assert (await house.admin.get("gateway-servers"))["items"] == []
        await house.children["one"].stop()
        with pytest.raises(DemoError):
            await house.start_gateway("one")
    finally:
        await house.close()
