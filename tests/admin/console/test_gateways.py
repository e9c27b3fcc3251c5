import re

from tests.admin.console.visitor import text, visiting
from tests.admin.house import in_virtual_time, settle


def id_of(page, path):
    return re.search(rf'action="{path}/([^"/]+)["/]', page.text).group(1)


@in_virtual_time
async def test_a_partition_a_cluster_and_a_server_appear_as_they_are_made(tmp_path):
    async with visiting(tmp_path) as visitor:
        page = await visitor.done("/gateways/partitions", {"name": "eu"})
        partition = id_of(page, "/gateways/partitions")
        page = await visitor.done("/gateways/clusters", {"name": "frankfurt", "partition": partition})
        cluster = id_of(page, "/gateways/clusters")
        page = await visitor.post(f"/gateways/clusters/{cluster}/join-tokens")
        token = re.search(r"EDGE_GATEWAY_JOIN_TOKEN=(\S+)", page.text).group(1)
        assert "EDGE_GATEWAY_JOIN_TOKEN" not in (await visitor.get("/gateways")).text

        gateway = visitor.house.known_gateway("gateway-1", token)
        await gateway.connect()
        assert "gateway-1 online" in text(await visitor.get("/gateways"))
        await gateway.disconnect()
        await settle()
        assert "gateway-1 offline" in text(await visitor.get("/gateways"))


@in_virtual_time
async def test_what_is_in_use_is_not_deleted_and_the_page_says_what_uses_it(tmp_path):
    async with visiting(tmp_path) as visitor:
        await visitor.done("/gateways/partitions", {"name": "eu"})
        page = await visitor.get("/gateways")
        partition = id_of(page, "/gateways/partitions")
        await visitor.done("/gateways/clusters", {"name": "frankfurt", "partition": partition})
        answer = await visitor.post(f"/gateways/partitions/{partition}/delete")
        assert answer.status_code == 409
        assert "frankfurt" in text(answer)


@in_virtual_time
async def test_a_name_in_use_is_told_beside_the_form_and_renaming_works(tmp_path):
    async with visiting(tmp_path) as visitor:
        page = await visitor.done("/gateways/partitions", {"name": "eu"})
        answer = await visitor.post("/gateways/partitions", {"name": "eu"})
        assert answer.status_code == 409
        page = await visitor.done(f"/gateways/partitions/{id_of(page, '/gateways/partitions')}", {"name": "europe"})
        assert "europe" in text(page)


@in_virtual_time
async def test_a_removed_server_is_disconnected(tmp_path):
    async with visiting(tmp_path) as visitor:
        gateway = await visitor.house.gateway(await visitor.house.partition())
        server = id_of(await visitor.get("/gateways"), "/gateways/servers")
        page = await visitor.done(f"/gateways/servers/{server}/delete")
        assert "The gateway server was removed" in text(page)
        await settle()
        assert gateway.closed.is_set()
