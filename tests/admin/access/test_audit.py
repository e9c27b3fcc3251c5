import pytest

from edge.admin.errors import BadRequest, Conflict, Forbidden
from tests.admin.house import ADMIN, RELEASER, house, in_virtual_time


@in_virtual_time
async def test_every_write_leaves_a_line_newest_first(tmp_path):
    async with house(tmp_path) as h:
        eu = await h.partition()
        await h.gateway(eu)
        shop = await h.shop(partitions=[eu])
        await h.admin.applications.delete(RELEASER, shop)
        lines = [
            (line.actor, line.action, line.target, line.detail) for line in (await h.admin.audit.list(ADMIN)).items
        ]
        assert lines[::-1] == [
            ("admin", "create", 'partition "eu"', ""),
            ("admin", "create", 'gateway cluster "cluster of g1"', ""),
            ("admin", "create", 'join token of gateway cluster "cluster of g1"', lines[-3][3]),
            ("system gateway g1", "join", 'gateway server "g1"', "at 127.0.0.1:8080"),
            ("editor", "create", 'application "shop"', ""),
            ("editor", "add an upstream to", 'application "shop"', 'Add upstream "by hand": server 10.0.0.1:80'),
            ("editor", "add a page rule to", 'application "shop"', 'Add page rule "all": proxy to by hand'),
            ("releaser", "release", 'application "shop"', "release 1"),
            ("releaser", "delete", 'application "shop"', ""),
        ]


@in_virtual_time
async def test_what_was_refused_leaves_no_line(tmp_path):
    async with house(tmp_path) as h:
        await h.partition()
        with pytest.raises(Conflict):
            await h.partition()
        assert len((await h.admin.audit.list(ADMIN)).items) == 1


@in_virtual_time
async def test_the_audit_is_read_in_pages_by_admins(tmp_path):
    async with house(tmp_path) as h:
        for name in "abc":
            await h.partition(name)
        first = await h.admin.audit.list(ADMIN, limit=2)
        second = await h.admin.audit.list(ADMIN, limit=2, after=first.next)
        assert [line.target for page in (first, second) for line in page.items] == [
            'partition "c"', 'partition "b"', 'partition "a"',
        ]  # fmt: skip
        with pytest.raises(Forbidden):
            await h.admin.audit.list(RELEASER)
        for limit, after in ((0, None), (1001, None), (10, "x"), (10, "-1"), (10, "9" * 30)):
            with pytest.raises(BadRequest):
                await h.admin.audit.list(ADMIN, limit=limit, after=after)
