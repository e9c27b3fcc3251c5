import pytest

from edge.admin.console.account import local
from tests.admin.console.visitor import text, visiting
from tests.admin.house import PASSWORD, in_virtual_time


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", ""]
)
def test_signing_in_leads_only_to_pages_of_this_console(target):
    assert local(target) == "/"


def test_a_path_of_this_console_is_kept():
    assert local("/applications/x?after=3") == "/applications/x?after=3"


@in_virtual_time
async def test_a_wrong_password_says_neither_which_was_wrong_nor_the_password(tmp_path):
    async with visiting(tmp_path, signed_in=False) as visitor:
        answer = await visitor.sign_in(password="hunter2-hunter2")
        assert answer.status_code == 401
        assert "hunter2" not in answer.text
        assert 'value="admin"' in answer.text


@in_virtual_time
async def test_the_session_cookie_cannot_be_read_by_scripts_nor_sent_from_elsewhere(tmp_path):
    async with visiting(tmp_path, signed_in=False) as visitor:
        cookie = (await visitor.sign_in()).headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie


@in_virtual_time
async def test_signing_out_ends_the_session_on_the_server_too(tmp_path):
    async with visiting(tmp_path) as visitor:
        session = dict(visitor.client.cookies)
        await visitor.post("/sign-out")
        visitor.client.cookies.update(session)
        assert (await visitor.get("/applications")).status_code == 303


@in_virtual_time
async def test_somebody_changes_their_own_password(tmp_path):
    async with visiting(tmp_path) as visitor:
        wrong = await visitor.post("/account", {"current": "not it at all", "new": "a new long password"})
        assert wrong.status_code == 422
        page = await visitor.done("/account", {"current": PASSWORD, "new": "a new long password"})
        assert "Your password was changed" in text(page)
        assert (await visitor.sign_in(password=PASSWORD)).status_code == 401
        assert (await visitor.sign_in(password="a new long password")).status_code == 303
