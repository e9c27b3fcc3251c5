import pytest

from edge.admin.errors import Conflict, Forbidden, Invalid, NotFound
from edge.admin.views import GatewayClusterBody, JoinTokenBody
from tests.admin.house import ADMIN, EDITOR, VIEWER, house, in_virtual_time, settle


@in_virtual_time
async def test_a_gateway_cluster_is_in_a_partition_that_exists(tmp_path):
    async with house(tmp_path) as h:
        with pytest.raises(Invalid) as refused:
            await h.admin.gateway_clusters.create(ADMIN, GatewayClusterBody(name="c", partition="nowhere"))
        assert refused.value.field == "partition"
        eu = await h.partition()
        made = await h.admin.gateway_clusters.create(ADMIN, GatewayClusterBody(name="c", partition=eu))
        assert await h.admin.gateway_clusters.get(VIEWER, made.id) == made


@in_virtual_time
async def test_a_gateway_cluster_with_servers_is_not_deleted(tmp_path):
    async with house(tmp_path) as h:
        await h.gateway(await h.partition())
        cluster = (await h.admin.gateway_clusters.list(VIEWER)).items[0]
        with pytest.raises(Conflict, match='gateway server "g1"'):
            await h.admin.gateway_clusters.delete(ADMIN, cluster.id)
        server = (await h.admin.gateway_servers.list(VIEWER)).items[0]
        await h.admin.gateway_servers.delete(ADMIN, server.id)
        await h.admin.gateway_clusters.delete(ADMIN, cluster.id)
        with pytest.raises(NotFound):
            await h.admin.gateway_clusters.get(VIEWER, cluster.id)


@in_virtual_time
async def test_the_servers_of_a_cluster_that_moves_serve_its_new_partition(tmp_path):
    async with house(tmp_path) as h:
        eu, us = await h.partition("eu"), await h.partition("us")
        await h.shop("here", [eu])
        await h.shop("there", [us])
        gateway = await h.gateway(eu)
        assert gateway.served() == [("here", 1)]
        cluster = (await h.admin.gateway_clusters.list(VIEWER)).items[0]
        body = GatewayClusterBody(name=cluster.name, partition=us)
        assert (await h.admin.gateway_clusters.replace(ADMIN, cluster.id, body)).partition == us
        await gateway.closed.wait()
        await gateway.connect()
        await settle()
        assert gateway.served() == [("there", 1)]
        assert (await h.admin.gateway_servers.list(VIEWER)).items[0].partition == us


@in_virtual_time
async def test_a_join_token_is_shown_once_and_kept_as_a_hash(tmp_path):
    async with house(tmp_path, f"sqlite:///{tmp_path}/edge.db") as h:
        cluster = await h.admin.gateway_clusters.create(
            ADMIN, GatewayClusterBody(name="c", partition=await h.partition())
        )
        made = await h.admin.join_tokens.create(ADMIN, cluster.id, JoinTokenBody(uses=2, expires_in=60))
        assert len(made.token) == len("join_") + 43
        with pytest.raises(Forbidden):
            await h.admin.join_tokens.create(EDITOR, cluster.id, JoinTokenBody())
        with pytest.raises(NotFound):
            await h.admin.join_tokens.create(ADMIN, "nowhere", JoinTokenBody())
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert made.token.encode() not in kept
