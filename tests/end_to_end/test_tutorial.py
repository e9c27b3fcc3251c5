"""The tutorial over HTTP, with the real kubectl, on real processes."""

import pytest

from edge.demo.tutorial import HOST
from tests.end_to_end.house import PASSWORD, TOKEN, running
from tests.end_to_end.load import Load

pytestmark = [pytest.mark.kubectl, pytest.mark.timeout(120)]


async def test_the_upstream_follows_the_deployment_up_and_down_while_no_request_fails(tmp_path):
    async with running(tmp_path) as house:
        answer = await house.curl()
        assert answer.status_code == 200
        assert answer.text.startswith("hello from test-hello-")

        async with Load(house.url(), HOST) as load:
            await house.kubectl.scale("test-hello", 3)
            three = await house.endpoints(3)
            pods = await load.until_pods(3)
            assert sorted(pods) == sorted(endpoint["pod"] for endpoint in three["endpoints"])
            assert all(endpoint["node"] for endpoint in three["endpoints"])

            await house.kubectl.scale("test-hello", 1)
            one = await house.endpoints(1)
            assert list(await load.until_pods(1)) == [one["endpoints"][0]["pod"]]
        assert load.failures == []
        assert one["revision"] > three["revision"]


async def test_scaled_to_zero_answers_503_at_once_and_comes_back(tmp_path):
    async with running(tmp_path) as house:
        await house.kubectl.scale("test-hello", 0)
        await house.endpoints(0)
        answer = await house.curl()
        assert answer.status_code == 503
        assert answer.headers["x-request-id"]

        await house.kubectl.scale("test-hello", 1)
        await house.endpoints(1)
        async with Load(house.url(), HOST, connections=1) as load:
            await load.more(10)
        assert load.answers >= 10


async def test_an_unreleased_edit_changes_nothing_on_a_gateway(tmp_path):
    async with running(tmp_path) as house:
        before = (await house.status("/-/snapshot")).json()
        upstream = await house.admin.get(house.upstream)
        await house.admin.request(
            "PUT",
            house.upstream,
            {"name": upstream["name"], "servers": [{"host": "127.0.0.1", "port": 9}]},
        )
        changes = (await house.admin.get(f"{house.application}/changes"))["items"]
        assert len(changes) == 1
        assert (await house.curl()).status_code == 200

        await house.kubectl.scale("test-hello", 2)
        async with Load(house.url(), HOST, connections=2) as load:
            assert len(await load.until_pods(2)) == 2
        after = (await house.status("/-/snapshot")).json()
        assert after["applications"] == before["applications"]
        assert load.failures == []

        await house.release()
        assert (await house.curl()).status_code == 502


async def test_rolling_back_serves_the_old_content_again_as_a_new_release(tmp_path):
    async with running(tmp_path) as house:
        first = await house.admin.get(f"{house.application}/releases/1")
        rule = (await house.admin.get(f"{house.application}/rules"))["items"][0]
        body = {"name": "closed", "actions": [{"type": "respond", "status": 410, "body": "closed for ${host}"}]}
        await house.admin.request("PUT", f"{house.application}/rules/{rule['id']}", body)
        await house.release("closing")
        answer = await house.curl()
        assert (answer.status_code, answer.text) == (410, f"closed for {HOST}")

        back = await house.admin.create(f"{house.application}/releases/1/rollback", {"comment": "open again"})
        await house.synced(back["version"])
        assert back["version"] == 3
        assert back["hash"] == first["hash"]
        assert (await house.curl()).text.startswith("hello from")
        assert (await house.admin.get(f"{house.application}/changes"))["items"] == []


async def test_no_secret_is_in_any_log(tmp_path):
    async with running(tmp_path) as house:
        kubernetes_token = await house.kubectl.read_token("edge-reader-token")
        join_token = await house.join_token()
        await house.curl("/?token=visible-in-the-access-log")
        await house.close()
        logs = "".join(file.read_text(errors="replace") for file in tmp_path.glob("*.log"))
        assert logs
        for secret in (kubernetes_token, join_token, TOKEN, PASSWORD):
            assert secret not in logs
