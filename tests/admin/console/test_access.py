import re

from tests.admin.console.visitor import text, visiting
from tests.admin.house import in_virtual_time


@in_virtual_time
async def test_a_user_is_made_changed_and_deleted(tmp_path):
    async with visiting(tmp_path) as visitor:
        form = {"name": "olga", "role": "editor", "password": "a long password"}
        page = await visitor.done("/access/users", form)
        assert "olga editor" in text(page)
        user = re.search(r'<strong>olga</strong>.*?action="/access/users/([^"/]+)"', page.text, re.DOTALL).group(1)
        page = await visitor.done(f"/access/users/{user}", {"role": "releaser"})
        assert "olga releaser" in text(page)
        page = await visitor.done(f"/access/users/{user}/delete")
        assert "olga" not in text(page)


@in_virtual_time
async def test_a_short_password_is_refused_and_not_shown(tmp_path):
    async with visiting(tmp_path) as visitor:
        answer = await visitor.post("/access/users", {"name": "olga", "role": "editor", "password": "short"})
        assert answer.status_code == 422
        assert "short" not in answer.text.replace("shorter", "")


@in_virtual_time
async def test_a_token_is_shown_once_works_and_ends_when_deleted(tmp_path):
    async with visiting(tmp_path) as visitor:
        page = await visitor.post("/access/tokens", {"name": "ci", "role": "viewer", "days": "30"})
        token = re.search(r"<pre[^>]*>([^<]+)</pre>", page.text).group(1)
        page = await visitor.get("/access")
        assert token not in page.text
        headers = {"authorization": f"Bearer {token}"}
        assert (await visitor.get("/api/v1/partitions", headers=headers)).status_code == 200
        id = re.search(r'action="/access/tokens/([^"/]+)/delete"', page.text).group(1)
        await visitor.done(f"/access/tokens/{id}/delete")
        assert (await visitor.get("/api/v1/partitions", headers=headers)).status_code == 401


@in_virtual_time
async def test_the_audit_says_who_did_what_without_secrets(tmp_path):
    async with visiting(tmp_path) as visitor:
        await visitor.done("/access/users", {"name": "olga", "role": "editor", "password": "a long password"})
        page = text(await visitor.get("/access/audit"))
        assert "olga" in page
        assert "a long password" not in page
