import asyncio

import pytest
from structlog.testing import capture_logs

from edge.admin.access.login import RECORDED, SESSION_SECONDS, WINDOW
from edge.admin.errors import TooManyRequests, Unauthorized
from tests.admin.house import ADMIN, PASSWORD, house, in_virtual_time


@in_virtual_time
async def test_a_session_lasts_until_it_is_over_or_signed_out(tmp_path):
    async with house(tmp_path) as h:
        first = await h.admin.login.sign_in("admin", PASSWORD, "1.2.3.4")
        second = await h.admin.login.sign_in("admin", PASSWORD, "1.2.3.4")
        assert (await h.admin.login.session(first)).name == "admin"
        await h.admin.login.sign_out(first)
        await h.admin.login.sign_out("never was one")
        with pytest.raises(Unauthorized):
            await h.admin.login.session(first)
        await asyncio.sleep(SESSION_SECONDS - 1)
        await h.admin.login.session(second)
        await asyncio.sleep(2)
        with pytest.raises(Unauthorized):
            await h.admin.login.session(second)


@in_virtual_time
async def test_a_wrong_name_and_a_wrong_password_look_the_same(tmp_path):
    async with house(tmp_path) as h:
        messages = []
        for name, password in (("admin", "wrong"), ("nobody", PASSWORD), ("admin", ""), ("admin", "x" * 5000)):
            with pytest.raises(Unauthorized) as refused:
                await h.admin.login.sign_in(name, password, "1.2.3.4")
            messages.append(refused.value.message)
        assert set(messages) == {"the name or the password is wrong"}


@in_virtual_time
async def test_guessing_is_limited_and_a_right_password_from_elsewhere_still_works(tmp_path):
    async with house(tmp_path) as h:
        for _ in range(10):
            with pytest.raises(Unauthorized):
                await h.admin.login.sign_in("admin", "wrong", "6.6.6.6")
        with pytest.raises(TooManyRequests, match="try again in 5 min"):
            await h.admin.login.sign_in("admin", PASSWORD, "6.6.6.6")
        assert await h.admin.login.sign_in("admin", PASSWORD, "1.2.3.4")
        await asyncio.sleep(WINDOW)
        assert await h.admin.login.sign_in("admin", PASSWORD, "6.6.6.6")


@in_virtual_time
async def test_one_address_may_not_try_many_names(tmp_path):
    async with house(tmp_path) as h:
        for number in range(30):
            with pytest.raises(Unauthorized):
                await h.admin.login.sign_in(f"user{number}", "wrong", "6.6.6.6")
        with pytest.raises(TooManyRequests):
            await h.admin.login.sign_in("somebody", "wrong", "6.6.6.6")


@in_virtual_time
async def test_signing_in_is_in_the_audit_without_its_secrets(tmp_path):
    async with house(tmp_path) as h:
        session = await h.admin.login.sign_in("admin", PASSWORD, "1.2.3.4")
        [line] = (await h.admin.audit.list(ADMIN)).items
        assert (line.actor, line.action, line.target, line.detail) == (
            "admin",
            "sign in",
            'user "admin"',
            "from 1.2.3.4",
        )
        assert session not in repr(line)


@in_virtual_time
async def test_who_failed_to_sign_in_is_told_but_never_what_they_typed(tmp_path):
    async with house(tmp_path) as h:
        with capture_logs() as logged:
            for name in ("admin", "my secret by mistake"):
                with pytest.raises(Unauthorized):
                    await h.admin.login.sign_in(name, "another secret", "6.6.6.6")
        lines = (await h.admin.audit.list(ADMIN)).items
        assert [(line.actor, line.action, line.target, line.detail) for line in lines] == [
            ("system sign-in", "fail to sign in", "an unknown user", "from 6.6.6.6"),
            ("system sign-in", "fail to sign in", 'user "admin"', "from 6.6.6.6"),
        ]
        assert [(line["user"], line["address"]) for line in logged] == [("admin", "6.6.6.6"), (None, "6.6.6.6")]
        assert "secret" not in repr(lines) + repr(logged)


@in_virtual_time
async def test_strangers_cannot_fill_the_audit(tmp_path):
    async with house(tmp_path) as h:
        with capture_logs() as logged:
            for number in range(RECORDED + 5):
                with pytest.raises(Unauthorized):
                    await h.admin.login.sign_in(f"user{number}", "wrong", f"6.6.6.{number}")
        assert len((await h.admin.audit.list(ADMIN, limit=1000)).items) == RECORDED
        assert len(logged) == RECORDED + 5
