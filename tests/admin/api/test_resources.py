from collections import Counter
from datetime import datetime

from edge.admin.api.operation import Call
from edge.admin.api.resources import RESOURCES, operations
from tests.admin.api.house import CLUSTER, RESPOND
from tests.kube import support

# docs and outside programs rely on every one of these (contracts of the JSON API)
PROMISED = {
    "partitions": "GET POST",
    "partitions/{id}": "GET PUT PATCH DELETE",
    "gateway-clusters": "GET POST",
    "gateway-clusters/{id}": "GET PUT PATCH DELETE",
    "gateway-clusters/{id}/join-tokens": "POST",
    "gateway-servers": "GET",
    "gateway-servers/{id}": "GET DELETE",
    "kubernetes-clusters": "GET POST",
    "kubernetes-clusters/check": "POST",
    "kubernetes-clusters/{id}": "GET PUT PATCH DELETE",
    "kubernetes-clusters/{id}/namespaces": "GET",
    "kubernetes-clusters/{id}/namespaces/{namespace}/services": "GET",
    "certificates": "GET POST",
    "certificates/{id}": "GET PUT PATCH DELETE",
    "applications": "GET POST",
    "applications/{id}": "GET PUT PATCH DELETE",
    "applications/{application}/upstreams": "GET POST",
    "applications/{application}/upstreams/{id}": "GET PUT PATCH DELETE",
    "applications/{application}/rules": "GET POST",
    "applications/{application}/rules/{id}": "GET PUT PATCH DELETE",
    "applications/{application}/rules/order": "PUT",
    "applications/{application}/changes": "GET DELETE",
    "applications/{application}/changes/{id}": "GET DELETE",
    "applications/{application}/releases": "GET POST",
    "applications/{application}/releases/{version}": "GET",
    "applications/{application}/releases/{version}/rollback": "POST",
    "applications/{application}/purges": "GET POST",
    "applications/{application}/traffic": "GET",
    "users": "GET POST",
    "users/{id}": "GET PUT PATCH DELETE",
    "tokens": "GET POST",
    "tokens/{id}": "GET DELETE",
    "audit": "GET",
}


def test_every_promised_path_has_its_methods_and_no_other():
    offered = {}
    for operation in operations():
        offered.setdefault(operation.path, set()).add(operation.method)
    assert offered == {path: set(methods.split()) for path, methods in PROMISED.items()}


def test_no_two_operations_share_a_name_or_a_method_on_a_path():
    names = Counter(operation.name for operation in operations())
    places = Counter((operation.method, operation.path) for operation in operations())
    assert {**names, **places} == dict.fromkeys({**names, **places}, 1)


def test_a_path_that_is_fixed_comes_before_one_that_ends_in_an_id():
    paths = [operation.path for operation in operations()]
    assert paths.index("applications/{application}/rules/order") < paths.index("applications/{application}/rules/{id}")
    assert paths.index("kubernetes-clusters/check") < paths.index("kubernetes-clusters/{id}")


def test_every_row_that_can_be_written_has_a_body():
    writing = {"create", "replace", "patch"}
    assert [row.path for row in RESOURCES if writing & set(row.verbs) and row.body is None] == []


def test_only_bodies_without_a_required_field_may_be_left_out():
    optional = {operation.name for operation in operations() if operation.body_optional}
    assert optional == {"create-join-token", "create-release", "roll-back"}


def test_a_release_is_named_by_a_whole_number():
    assert Call(admin=None, actor=None, ids=("a1", "12")).version() == 12


def test_a_gateway_cluster_makes_join_tokens_and_a_used_partition_cannot_be_deleted(play):
    async def scenario(house):
        ids = await house.furnish()
        path = f"gateway-clusters/{ids['gateways']}/join-tokens"
        for body in ({}, {"uses": 3, "expires_in": 60}):
            token = await house.made(path, body)
            assert set(token) == {"token", "expires"}
            assert datetime.fromisoformat(token["expires"]).utcoffset().total_seconds() == 0
        assert (await house.client.post(path)).status_code == 201
        assert (await house.ask("POST", "gateway-clusters/nothing/join-tokens", {})).status_code == 404
        refused = await house.ask("DELETE", f"partitions/{ids['partition']}")
        assert refused.status_code == 409
        assert "eu-1" in refused.json()["error"]["message"]

    play(scenario)


def test_a_kubernetes_cluster_is_checked_and_its_namespaces_and_services_are_listed(play):
    async def scenario(house):
        ids = await house.furnish()
        one = f"kubernetes-clusters/{ids['cluster']}"
        assert (await house.ask("GET", one)).json()["status"]["state"] == "connected"
        assert (await house.ask("GET", f"{one}/namespaces")).json()["items"] == [{"name": "default"}]
        services = (await house.ask("GET", f"{one}/namespaces/default/services")).json()["items"]
        assert services == [{"name": "hello", "ports": [{"name": None, "port": 80, "protocol": "TCP"}]}]
        good = await house.ask("POST", "kubernetes-clusters/check", CLUSTER)
        assert (good.status_code, good.json()["state"]) == (200, "connected")
        bad = await house.ask("POST", "kubernetes-clusters/check", {**CLUSTER, "token": "wr0ng-s3cr3t"})
        assert (bad.status_code, bad.json()["state"]) == (200, "unauthorized")
        stored = await house.made("kubernetes-clusters", {**CLUSTER, "name": "bad", "token": "wr0ng-s3cr3t"})
        assert stored["status"]["state"] == "unauthorized"
        moved = await house.ask("PATCH", one, {"host": "elsewhere.test"})
        assert (moved.status_code, moved.json()["error"]["field"]) == (422, "token")
        assert (await house.ask("DELETE", one)).status_code == 409

    play(scenario)


def test_an_upstream_shows_the_endpoints_of_its_service(play):
    async def scenario(house):
        ids = await house.furnish()
        view = (await house.ask("GET", f"applications/{ids['application']}/upstreams/{ids['upstream']}")).json()
        assert [(each["address"], each["port"], each["pod"]) for each in view["endpoints"]] == [
            ("10.1.0.1", 8080, "pod-10.1.0.1"),
            ("10.1.0.2", 8080, "pod-10.1.0.2"),
        ]
        assert {"node", "zone", "ready", "serving", "terminating"} <= set(view["endpoints"][0])
        assert isinstance(view["revision"], int)
        assert view["stale_since"] is None

    play(scenario)


def test_rules_are_put_in_order(play):
    async def scenario(house):
        ids = await house.furnish()
        path = f"applications/{ids['application']}/rules"
        second = (await house.made(path, {"actions": [RESPOND]}))["id"]
        page = (await house.ask("PUT", f"{path}/order", {"ids": [second, ids["rule"]]})).json()
        assert [(rule["id"], rule["order"]) for rule in page["items"]] == [(second, 0), (ids["rule"], 1)]
        refused = await house.ask("PUT", f"{path}/order", {"ids": [second]})
        assert (refused.status_code, refused.json()["error"]["field"]) == (422, "ids")
        assert (await house.ask("GET", f"{path}/order")).status_code == 404

    play(scenario)


def test_a_rule_that_cannot_be_is_refused_with_the_path_of_its_field(play):
    async def scenario(house):
        ids = await house.furnish()
        path = f"applications/{ids['application']}/rules"
        for action, field in (
            ({"type": "proxy", "upstream": "nothing"}, "actions[0].upstream"),
            ({"type": "redirect", "url": "https://${nobody}"}, "actions[0].url"),
            ({"type": "respond", "status": 99}, "actions[0].status"),
            ({"type": "set-request-header", "name": "a b", "value": ""}, "actions[0].name"),
            ({"type": "teleport"}, "actions[0].type"),
        ):
            refused = await house.ask("POST", path, {"actions": [action]})
            assert (refused.status_code, refused.json()["error"]["field"]) == (422, field), refused.text

    play(scenario)


def test_changes_are_released_discarded_and_rolled_back(play):
    async def scenario(house):
        ids = await house.furnish()
        application = f"applications/{ids['application']}"
        changes = (await house.ask("GET", f"{application}/changes")).json()["items"]
        assert changes
        assert set(changes[0]) == {"id", "text", "before", "after", "user", "at"}
        assert (await house.ask("GET", f"{application}/changes/{changes[0]['id']}")).json() == changes[0]

        first = await house.made(f"{application}/releases", {"comment": "first"})
        assert (first["version"], first["comment"], first["sync"]["total"]) == (1, "first", 0)
        nothing = await house.ask("POST", f"{application}/releases", {})
        assert nothing.status_code == 409

        await house.ask("PATCH", f"{application}/rules/{ids['rule']}", {"name": "renamed"})
        change = (await house.ask("GET", f"{application}/changes")).json()["items"][0]
        assert (await house.ask("DELETE", f"{application}/changes/{change['id']}")).status_code == 204
        assert (await house.ask("GET", f"{application}/changes")).json()["items"] == []

        await house.ask("PATCH", f"{application}/rules/{ids['rule']}", {"name": "renamed"})
        second = await house.made(f"{application}/releases", {})
        assert second["version"] == 2
        await house.ask("PATCH", f"{application}/rules/{ids['rule']}", {"name": "again"})
        pending = await house.ask("POST", f"{application}/releases/1/rollback", {})
        assert pending.status_code == 409
        back = await house.ask("POST", f"{application}/releases/1/rollback?discard=true", {"comment": "back"})
        assert back.status_code == 201, back.text
        assert (back.json()["version"], back.json()["hash"]) == (3, first["hash"])
        assert (await house.ask("GET", f"{application}/rules/{ids['rule']}")).json()["name"] == "all"
        page = (await house.ask("GET", f"{application}/releases")).json()
        assert [release["version"] for release in page["items"]] == [3, 2, 1]
        assert (await house.ask("GET", f"{application}/releases/2")).json()["version"] == 2
        for version in ("4", "0", "x", "99999999999999999999"):
            assert (await house.ask("GET", f"{application}/releases/{version}")).status_code == 404

        await house.ask("PATCH", f"{application}/rules/{ids['rule']}", {"name": "again"})
        assert (await house.ask("DELETE", f"{application}/changes")).status_code == 204
        assert (await house.ask("GET", application)).json()["pending"] == 0
        maybe = await house.ask("POST", f"{application}/releases/1/rollback?discard=maybe", {})
        assert (maybe.status_code, maybe.json()["error"]["field"]) == (400, "discard")

    play(scenario)


def test_a_token_is_shown_once_works_and_stops_working(play):
    async def scenario(house):
        made = await house.made("tokens", {"name": "ci", "role": "viewer", "expires_in": 60})
        token = {"authorization": f"Bearer {made['token']}"}
        assert (await house.ask("GET", "partitions", headers=token)).status_code == 200
        read = (await house.ask("GET", f"tokens/{made['id']}")).json()
        assert read.get("token") is None
        assert (await house.ask("PUT", f"tokens/{made['id']}", {"name": "other"})).status_code == 405
        assert (await house.ask("DELETE", f"tokens/{made['id']}")).status_code == 204
        refused = await house.ask("GET", "partitions", headers=token)
        assert (refused.status_code, refused.json()["error"]["code"]) == (401, "unauthorized")

    play(scenario)


def test_the_audit_says_who_did_what(play):
    async def scenario(house):
        await house.made("partitions", {"name": "eu"})
        line = (await house.ask("GET", "audit")).json()["items"][0]
        assert set(line) == {"id", "at", "actor", "action", "target", "detail"}
        assert (line["action"], "eu" in line["target"]) == ("create", True)

    play(scenario)


def test_a_role_is_refused_before_its_body_is_read_and_the_least_role_is_not(play):
    async def scenario(house):
        roles = ("viewer", "editor", "releaser", "admin")
        headers = {role: await house.role(role) for role in roles}
        for operation in operations():
            path = operation.path.replace("{version}", "9999").replace("{", "").replace("}", "")
            least = roles.index(operation.role)
            for place, role in enumerate(roles):
                answer = await house.ask(operation.method, path, headers=headers[role], content=b"{")
                assert (answer.status_code == 403) == (place < least), (operation.name, role, answer.text)
                assert place >= least or operation.role in answer.json()["error"]["message"]

    play(scenario)


def test_the_table_of_the_api_promises_a_role_no_more_than_the_service_does(play):
    """With the real ids of what exists, the least role of each operation without a body gets through the service."""

    async def scenario(house):
        ids = await house.furnish()
        for operation in operations():
            if operation.body is None and operation.role != "admin":
                path = operation.path.replace("{application}", ids["application"]).replace("{id}", "nothing")
                path = path.replace("{version}", "1").replace("{namespace}", "default")
                answer = await house.ask(operation.method, path, headers=await house.role(operation.role))
                assert answer.status_code != 403, (operation.name, answer.text)

    play(scenario)


def test_a_delete_may_name_what_it_means_by_if_match(play):
    async def scenario(house):
        ids = await house.furnish()
        one = f"applications/{ids['application']}/rules/{ids['rule']}"
        etag = (await house.ask("GET", one)).headers["etag"]
        await house.ask("PATCH", one, {"name": "changed meanwhile"})
        assert (await house.ask("DELETE", one, headers={"if-match": etag})).status_code == 409
        etag = (await house.ask("GET", one)).headers["etag"]
        assert (await house.ask("DELETE", one, headers={"if-match": etag})).status_code == 204
        assert (await house.ask("DELETE", one, headers={"if-match": etag})).status_code == 404

    play(scenario)


def test_namespaces_and_services_come_in_pages_like_every_list(play):
    async def scenario(house):
        for name in ("a", "b", "c"):
            house.cluster.put("services", support.service(name))
        ids = await house.furnish()
        path = f"kubernetes-clusters/{ids['cluster']}/namespaces/default/services"
        first = (await house.ask("GET", path, params={"limit": 3})).json()
        second = (await house.ask("GET", path, params={"limit": 3, "after": first["next"]})).json()
        assert [item["name"] for item in first["items"] + second["items"]] == ["a", "b", "c", "hello"]
        assert second["next"] is None
        namespaces = f"kubernetes-clusters/{ids['cluster']}/namespaces"
        assert (await house.ask("GET", namespaces, params={"limit": 0})).status_code == 400

    play(scenario)


def test_an_application_with_nothing_in_it_has_nothing_to_release(play):
    async def scenario(house):
        made = await house.made("applications", {"name": "empty"})
        refused = await house.ask("POST", f"applications/{made['id']}/releases", {})
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "conflict")
        assert "nothing to release" in refused.json()["error"]["message"]

    play(scenario)
