"""The tutorial on a real PostgreSQL, and what holds while that database is away."""

import subprocess
import sys

import httpx
import pytest

from edge.demo.processes import DemoError
from edge.demo.tutorial import HOST
from tests.end_to_end.house import PASSWORD, House, running
from tests.end_to_end.load import Load
from tests.store.databases import PostgreSQL, binaries

pytestmark = [pytest.mark.postgres, pytest.mark.kubectl, pytest.mark.timeout(120)]


@pytest.fixture
def server():
    """A PostgreSQL server of its own: these tests stop it."""
    found = binaries()
    if found is None:
        pytest.skip("no initdb in PATH or /usr/lib/postgresql: PostgreSQL is not installed")
    made = PostgreSQL(found)
    made.start()
    yield made
    made.remove()


def upgrade(database):
    command = [sys.executable, "-m", "edge", "db", "upgrade", "--database", database]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


async def test_an_admin_does_not_start_on_a_database_that_needs_an_upgrade(tmp_path, server):
    house = House(tmp_path, server.new_database())
    try:
        with pytest.raises(DemoError, match="edge db upgrade"):
            await house.start_admin()
        assert upgrade(house.database) == "the database was upgraded\n"
        assert upgrade(house.database) == "the database needed no upgrade\n"
        await house.start_admin()
        second = House(tmp_path / "second", house.database)
        second.folder.mkdir()
        with pytest.raises(DemoError, match="another Admin is active"):
            await second.start_admin()
        assert (await house.admin.get("partitions"))["items"] == []
    finally:
        await house.close()


async def test_the_tutorial_goes_on_while_the_database_is_away(tmp_path, server):
    database = server.new_database()
    upgrade(database)
    async with running(tmp_path, database) as house, Load(house.url(), HOST) as load:
        await load.more(50)
        session = await signed_in(house)
        server.stop()

        await house.kubectl.scale("test-hello", 3)
        assert len(await load.until_pods(3)) == 3, "endpoints are followed and pushed without the database"
        await answers_that_it_is_away(house, session)

        server.start()
        await house.endpoints(3)
        rule = (await house.admin.get(f"{house.application}/rules"))["items"][0]
        await house.admin.request("PATCH", f"{house.application}/rules/{rule['id']}", {"name": "all"})
        release = await house.release("after the outage")
        assert release["sync"]["servers"][0]["state"] == "applied"

        await house.killed("admin")
        await house.start_admin()
        await house.endpoints(3)
        assert load.failures == []


async def signed_in(house):
    async with httpx.AsyncClient(trust_env=False) as client:
        form = {"name": "admin", "password": PASSWORD}
        answer = await client.post(f"{house.admin_url}/sign-in", data=form, headers={"origin": house.admin_url})
        assert answer.status_code == 303
        return dict(answer.cookies)


async def answers_that_it_is_away(house, session):
    async with httpx.AsyncClient(base_url=house.admin_url, trust_env=False, cookies=session) as client:
        for path in ("/applications", "/kubernetes", "/gateways"):
            page = await client.get(path)
            assert page.status_code == 503
            assert "database" in page.text
            assert page.text.startswith("<!doctype html>")
        token = house.admin._client.headers["authorization"]
        for method, path in (("GET", "applications"), ("POST", "partitions")):
            body = {"name": "while away"} if method == "POST" else None
            answer = await client.request(method, f"/api/v1/{path}", json=body, headers={"authorization": token})
            assert answer.status_code == 503
            assert answer.json()["error"]["code"] == "unavailable"
            assert int(answer.headers["retry-after"]) > 0
        assert (await client.get("/readyz")).status_code == 503
        assert (await client.get("/healthz")).status_code == 200
