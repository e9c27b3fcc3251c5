import asyncio

import pytest

from edge.admin.errors import Forbidden, Unauthorized
from edge.admin.views import TokenBody
from tests.admin.house import ADMIN, RELEASER, house, in_virtual_time


@in_virtual_time
async def test_a_token_is_shown_once_and_kept_as_a_hash(tmp_path):
    async with house(tmp_path, f"sqlite:///{tmp_path}/edge.db") as h:
        made = await h.admin.tokens.create(ADMIN, TokenBody(name="ci", role="editor"))
        actor = await h.admin.tokens.authenticate(made.token)
        assert (actor.kind, actor.id, actor.name, actor.role) == ("token", made.id, "ci", "editor")
        [listed] = (await h.admin.tokens.list(ADMIN)).items
        assert listed.token is None
        assert made.token not in repr((await h.admin.audit.list(ADMIN)).items)
    assert made.token.encode() not in b"".join(file.read_bytes() for file in tmp_path.iterdir())


@in_virtual_time
async def test_unknown_expired_and_deleted_tokens_are_nobody(tmp_path):
    async with house(tmp_path) as h:
        for bearer in ("", "edge_nothing", "ä"):
            with pytest.raises(Unauthorized):
                await h.admin.tokens.authenticate(bearer)
        short = await h.admin.tokens.create(ADMIN, TokenBody(name="short", expires_in=60))
        endless = await h.admin.tokens.create(ADMIN, TokenBody(name="endless", expires_in=None))
        await asyncio.sleep(61)
        with pytest.raises(Unauthorized, match="expired at 2026-01-01T00:01:0"):
            await h.admin.tokens.authenticate(short.token)
        assert (await h.admin.tokens.authenticate(endless.token)).name == "endless"
        await h.admin.tokens.delete(ADMIN, endless.id)
        with pytest.raises(Unauthorized):
            await h.admin.tokens.authenticate(endless.token)


@in_virtual_time
async def test_tokens_are_an_admins_business(tmp_path):
    async with house(tmp_path) as h:
        made = await h.admin.tokens.create(ADMIN, TokenBody(name="ci"))
        for deed in (
            h.admin.tokens.list(RELEASER),
            h.admin.tokens.get(RELEASER, made.id),
            h.admin.tokens.create(RELEASER, TokenBody(name="x")),
            h.admin.tokens.delete(RELEASER, made.id),
        ):
            with pytest.raises(Forbidden):
                await deed


@in_virtual_time
async def test_the_environments_token_is_an_admin_and_replaces_its_former_value(tmp_path):
    database = f"sqlite:///{tmp_path}/edge.db"
    for value in ("first-secret", "first-secret", "second-secret"):
        async with house(tmp_path, database, admin_token=value) as h:
            assert (await h.admin.tokens.authenticate(value)).role == "admin"
            assert len((await h.admin.tokens.list(ADMIN)).items) == 1
    async with house(tmp_path, database) as h:
        with pytest.raises(Unauthorized):
            await h.admin.tokens.authenticate("first-secret")
