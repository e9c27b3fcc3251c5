import pytest

from edge.admin.actor import Actor
from edge.admin.errors import Conflict, Forbidden, Invalid, NotFound, Unauthorized
from edge.admin.views import UserBody
from tests.admin.house import ADMIN, PASSWORD, RELEASER, house, in_virtual_time

NEW = "a new long password"


async def by_name(h, name):
    [found] = [user for user in (await h.admin.users.list(ADMIN)).items if user.name == name]
    return found


@in_virtual_time
async def test_users_have_a_name_a_role_and_a_password_that_is_never_shown(tmp_path):
    async with house(tmp_path) as h:
        made = await h.admin.users.create(ADMIN, UserBody(name="ada", role="editor", password=NEW))
        assert NEW not in repr(made)
        assert NEW not in repr((await h.admin.audit.list(ADMIN)).items)
        actor = await h.admin.login.session(await h.admin.login.sign_in("ada", NEW, "1.2.3.4"))
        assert (actor.kind, actor.id, actor.name, actor.role) == ("user", made.id, "ada", "editor")


@in_virtual_time
async def test_a_new_password_is_a_change_for_who_read_the_user_before(tmp_path):
    async with house(tmp_path) as h:
        made = await h.admin.users.create(ADMIN, UserBody(name="ada", role="editor", password=NEW))
        tag = h.admin.users.etag(made)
        again = UserBody(name="ada", role="editor", password=NEW)
        changed = await h.admin.users.replace(ADMIN, made.id, again, tag)
        assert changed.secrets != made.secrets, "the same password has another salt"
        with pytest.raises(Conflict, match="changed since you read it"):
            await h.admin.users.replace(ADMIN, made.id, again, tag)
        kept = await h.admin.users.replace(
            ADMIN, made.id, UserBody(name="ada", role="editor"), h.admin.users.etag(changed)
        )
        assert kept == changed


@in_virtual_time
async def test_a_new_user_needs_a_free_name_and_a_password(tmp_path):
    async with house(tmp_path) as h:
        with pytest.raises(Invalid) as refused:
            await h.admin.users.create(ADMIN, UserBody(name="ada", role="editor"))
        assert refused.value.field == "password"
        with pytest.raises(Conflict, match='another user is named "admin"'):
            await h.admin.users.create(ADMIN, UserBody(name="admin", role="editor", password=NEW))


@in_virtual_time
async def test_the_only_admin_stays_admin(tmp_path):
    async with house(tmp_path) as h:
        first = await by_name(h, "admin")
        for deed in (
            h.admin.users.delete(ADMIN, first.id),
            h.admin.users.replace(ADMIN, first.id, UserBody(name="admin", role="viewer")),
        ):
            with pytest.raises(Conflict, match="only user with the role admin"):
                await deed
        await h.admin.users.create(ADMIN, UserBody(name="ada", role="admin", password=NEW))
        await h.admin.users.delete(ADMIN, first.id)
        with pytest.raises(NotFound):
            await h.admin.users.get(ADMIN, first.id)


@in_virtual_time
async def test_a_new_role_counts_at_once_and_a_new_password_or_a_deletion_ends_sessions(tmp_path):
    async with house(tmp_path) as h:
        user = await h.admin.users.create(ADMIN, UserBody(name="ada", role="editor", password=PASSWORD))
        session = await h.admin.login.sign_in("ada", PASSWORD, "1.2.3.4")
        await h.admin.users.replace(ADMIN, user.id, UserBody(name="ada", role="viewer"))
        assert (await h.admin.login.session(session)).role == "viewer"
        await h.admin.users.replace(ADMIN, user.id, UserBody(name="ada", role="viewer", password=NEW))
        with pytest.raises(Unauthorized):
            await h.admin.login.session(session)
        session = await h.admin.login.sign_in("ada", NEW, "1.2.3.4")
        await h.admin.users.delete(ADMIN, user.id)
        with pytest.raises(Unauthorized):
            await h.admin.login.session(session)


@in_virtual_time
async def test_users_change_their_own_password_with_the_present_one(tmp_path):
    async with house(tmp_path) as h:
        me = await h.admin.login.session(await h.admin.login.sign_in("admin", PASSWORD, "1.2.3.4"))
        for current, new, field in (("wrong", NEW, "current"), (PASSWORD, "short", "new")):
            with pytest.raises(Invalid) as refused:
                await h.admin.users.change_password(me, current, new)
            assert refused.value.field == field
        await h.admin.users.change_password(me, PASSWORD, NEW)
        assert await h.admin.login.sign_in("admin", NEW, "1.2.3.4")
        token = Actor(kind="token", id=me.id, name="t", role="admin")
        with pytest.raises(Forbidden):
            await h.admin.users.change_password(token, NEW, PASSWORD)


@in_virtual_time
async def test_users_are_an_admins_business_except_oneself(tmp_path):
    async with house(tmp_path) as h:
        user = await h.admin.users.create(ADMIN, UserBody(name="ada", role="releaser", password=PASSWORD))
        ada = Actor(kind="user", id=user.id, name="ada", role="releaser")
        assert await h.admin.users.get(ada, user.id) == user
        for deed in (
            h.admin.users.list(RELEASER),
            h.admin.users.get(RELEASER, user.id),
            h.admin.users.create(RELEASER, UserBody(name="eve", role="admin", password=PASSWORD)),
            h.admin.users.replace(ada, user.id, UserBody(name="ada", role="admin")),
            h.admin.users.delete(ada, user.id),
        ):
            with pytest.raises(Forbidden):
                await deed
