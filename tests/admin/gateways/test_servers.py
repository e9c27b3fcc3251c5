import asyncio

import pytest

from edge import clock
from edge.admin.errors import Conflict, Forbidden, Invalid, Unauthorized
from edge.admin.views import JoinTokenBody
from tests.admin.house import ADMIN, EDITOR, VIEWER, house, in_virtual_time, settle


async def only(h):
    [server] = (await h.admin.gateway_servers.list(VIEWER)).items
    return server


@in_virtual_time
async def test_a_gateway_joins_with_a_token_and_comes_back_with_its_credential(tmp_path):
    async with house(tmp_path) as h:
        eu = await h.partition()
        gateway = await h.gateway(eu)
        server = await only(h)
        assert (server.name, server.partition, server.online, server.state) == ("g1", eu, True, "applied")
        assert (server.address, server.version) == ("127.0.0.1:8080", "0.1.0")
        await gateway.disconnect()
        gone = await only(h)
        assert (gone.online, gone.state, gone.id) == (False, "offline", server.id)
        gateway.join_token = "used up, and not looked at"
        await gateway.connect()
        assert (await only(h)).online


@in_virtual_time
async def test_a_token_lets_in_as_many_servers_as_it_says_and_only_until_it_expires(tmp_path):
    async with house(tmp_path) as h:
        first = await h.gateway(await h.partition())
        with pytest.raises(Unauthorized, match="used up"):
            await h.known_gateway("g2", first.join_token).connect()
        cluster = (await only(h)).cluster
        token = await h.admin.join_tokens.create(ADMIN, cluster, JoinTokenBody(uses=2, expires_in=60))
        await h.known_gateway("g2", token.token).connect()
        await asyncio.sleep(61)
        with pytest.raises(Unauthorized, match="expired"):
            await h.known_gateway("g3", token.token).connect()


@in_virtual_time
async def test_wrong_and_missing_tokens_and_names_in_use_are_refused_with_a_reason(tmp_path):
    async with house(tmp_path) as h:
        gateway = await h.gateway(await h.partition())
        with pytest.raises(Unauthorized, match="join token is wrong"):
            await h.known_gateway("g2", "join_wrong").connect()
        with pytest.raises(Unauthorized, match="not known here"):
            await h.known_gateway("g2").connect()
        token = await h.admin.join_tokens.create(ADMIN, (await only(h)).cluster, JoinTokenBody())
        impostor = h.known_gateway("g1", token.token)
        impostor.credential = "x" * 43
        with pytest.raises(Conflict, match='"g1" is in use'):
            await impostor.connect()
        await h.known_gateway("g2", token.token).connect()
        gateway.credential = "short"
        with pytest.raises(Invalid):
            await gateway.connect()


@in_virtual_time
async def test_a_refused_name_does_not_use_the_token_up(tmp_path):
    async with house(tmp_path) as h:
        await h.gateway(await h.partition())
        token = await h.admin.join_tokens.create(ADMIN, (await only(h)).cluster, JoinTokenBody())
        taken = h.known_gateway("g1", token.token)
        taken.credential = "x" * 43
        with pytest.raises(Conflict):
            await taken.connect()
        taken.name = "g2"
        await taken.connect()
        assert [server.name for server in (await h.admin.gateway_servers.list(VIEWER)).items] == ["g1", "g2"]


@in_virtual_time
async def test_a_deleted_server_is_disconnected_and_told_that_it_was_revoked(tmp_path):
    async with house(tmp_path) as h:
        gateway = await h.gateway(await h.partition())
        with pytest.raises(Forbidden):
            await h.admin.gateway_servers.delete(EDITOR, (await only(h)).id)
        await h.admin.gateway_servers.delete(ADMIN, (await only(h)).id)
        await asyncio.wait_for(gateway.closed.wait(), 1)
        with pytest.raises(Forbidden, match="revoked"):
            await gateway.connect()
        assert (await h.admin.gateway_servers.list(VIEWER)).items == []


@in_virtual_time
async def test_a_second_connection_of_a_server_replaces_the_first(tmp_path):
    async with house(tmp_path) as h:
        first = await h.gateway(await h.partition())
        second = h.known_gateway("g1")
        second.credential = first.credential
        await second.connect()
        await asyncio.wait_for(first.closed.wait(), 1)
        await settle()
        assert (await only(h)).online
        await second.disconnect()
        assert not (await only(h)).online


@in_virtual_time
async def test_a_server_says_since_when_it_is_gone_also_after_a_restart(tmp_path):
    database = f"sqlite:///{tmp_path}/edge.db"
    async with house(tmp_path, database) as h:
        gateway = await h.gateway(await h.partition())
        await asyncio.sleep(100)
        gone = clock.now()
        await gateway.disconnect()
        assert abs((await only(h)).since - gone).total_seconds() < 1
    await asyncio.sleep(100)
    async with house(tmp_path, database) as h:
        server = await only(h)
        assert not server.online
        assert abs(server.since - gone).total_seconds() < 1


@in_virtual_time
async def test_a_server_that_was_online_when_the_admin_ended_was_seen_then(tmp_path):
    database = f"sqlite:///{tmp_path}/edge.db"
    async with house(tmp_path, database) as h:
        await h.gateway(await h.partition())
        await asyncio.sleep(100)
        ended = clock.now()
    await asyncio.sleep(100)
    async with house(tmp_path, database) as h:
        assert abs(((await only(h)).since - ended).total_seconds()) < 1


@in_virtual_time
async def test_watchers_hear_of_servers_that_come_go_and_apply(tmp_path):
    async with house(tmp_path) as h:
        eu = await h.partition()
        start = h.admin.events.last
        gateway = await h.gateway(eu)
        await h.shop(partitions=[eu])
        watch = h.admin.events.watch(start)
        events = [await anext(watch) for _ in range(h.admin.events.last - start)]
        await watch.aclose()
        kinds = [event.kind for event in events]
        revisions = [event.revision for event in events if event.kind == "gateway-server"]
        assert revisions == sorted(set(revisions))
        assert kinds[0] == "gateway-server"
        assert kinds.count("release") >= 2
        assert gateway.served() == [("shop", 1)]
