"""Reviews: tokens for an audience, what others may do, and what malformed ones get."""

from __future__ import annotations

from tests.simulator.api.client import TOKEN, Api

AUTHENTICATION, AUTHORIZATION = "/apis/authentication.k8s.io/v1", "/apis/authorization.k8s.io/v1"
ACCOUNTS = "/api/v1/namespaces/default/serviceaccounts"
DEFAULT = "https://kubernetes.default.svc"


async def test_a_token_review_answers_for_the_audiences_the_token_has() -> None:
    api = Api()
    await api.call("POST", ACCOUNTS, {"metadata": {"name": "sa"}})
    asked = {"spec": {"audiences": ["vault"], "expirationSeconds": 700}}
    token = (await api.call("POST", f"{ACCOUNTS}/sa/token", asked)).json()["status"]["token"]
    review = {"spec": {"token": token, "audiences": ["vault", "other"]}}
    found = (await api.call("POST", f"{AUTHENTICATION}/tokenreviews", review)).json()["status"]
    assert (found["authenticated"], found["audiences"]) == (True, ["vault"])
    assert found["user"]["username"] == "system:serviceaccount:default:sa"
    refused = (await api.call("POST", f"{AUTHENTICATION}/tokenreviews", {"spec": {"token": token}})).json()["status"]
    assert refused == {"user": {}, "error": "[invalid bearer token]"}
    own = (await api.call("POST", f"{AUTHENTICATION}/tokenreviews", {"spec": {"token": TOKEN}})).json()["status"]
    assert own["user"]["groups"] == ["system:masters", "system:authenticated"]
    empty = await api.call("POST", f"{AUTHENTICATION}/tokenreviews", {"spec": {}})
    assert (empty.status, empty.json()["message"]) == (400, "token is required for TokenReview in authentication")


async def test_a_token_bound_to_a_secret_ends_with_it() -> None:
    api = Api()
    await api.call("POST", ACCOUNTS, {"metadata": {"name": "sa"}})
    secrets = "/api/v1/namespaces/default/secrets"
    secret = (await api.call("POST", secrets, {"metadata": {"name": "s"}})).json()
    reference = {"kind": "Secret", "apiVersion": "v1", "name": "s", "uid": secret["metadata"]["uid"]}
    wrong = {"spec": {"boundObjectRef": {**reference, "uid": "another"}}}
    assert (await api.call("POST", f"{ACCOUNTS}/sa/token", wrong)).status == 409
    made = await api.call("POST", f"{ACCOUNTS}/sa/token", {"spec": {"boundObjectRef": reference}})
    token = made.json()["status"]["token"]
    review = {"spec": {"token": token}}
    found = await api.call("POST", f"{AUTHENTICATION}/tokenreviews", review)
    assert found.json()["status"]["authenticated"]
    await api.call("DELETE", f"{secrets}/s")
    gone = await api.call("POST", f"{AUTHENTICATION}/tokenreviews", review)
    assert "authenticated" not in gone.json()["status"]


async def test_access_reviews_that_ask_nothing_or_too_much_are_invalid() -> None:
    api = Api()
    refused = await api.call("POST", f"{AUTHORIZATION}/subjectaccessreviews", {"spec": {}})
    assert (refused.status, [cause["field"] for cause in refused.json()["details"]["causes"]]) == (
        422, ["spec.resourceAttributes", "spec.user"],
    )  # fmt: skip
    both = {"resourceAttributes": {"verb": "get"}, "nonResourceAttributes": {"verb": "get", "path": "/"}}
    refused = await api.call("POST", f"{AUTHORIZATION}/selfsubjectaccessreviews", {"spec": both})
    assert refused.json()["details"]["causes"][0]["field"] == "spec.nonResourceAttributes"
    elsewhere = {"user": "eve", "resourceAttributes": {"verb": "get", "resource": "pods", "namespace": "other"}}
    path = f"{AUTHORIZATION}/namespaces/default/localsubjectaccessreviews"
    refused = await api.call("POST", path, {"spec": elsewhere})
    assert "must match metadata.namespace" in refused.json()["message"]


async def test_rules_of_oneself_need_a_namespace_and_name_every_rule_once() -> None:
    api = Api()
    path = f"{AUTHORIZATION}/selfsubjectrulesreviews"
    assert (await api.call("POST", path, {"spec": {}})).status == 400
    reference = {"kind": "ClusterRole", "name": "edit"}
    binding = {"metadata": {"name": "b"}, "roleRef": reference, "subjects": [{"kind": "User", "name": "eve"}]}
    await api.call("POST", "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings", binding)
    found = await api.call("POST", path, {"spec": {"namespace": "default"}}, {"impersonate-user": "eve"})
    rules = found.json()["status"]["resourceRules"]
    assert sum(rule["resources"] == ["pods/eviction"] for rule in rules) == 1
    assert any(rule["resources"] == ["selfsubjectreviews"] for rule in rules)
    other = await api.call("POST", path, {"spec": {"namespace": "other"}}, {"impersonate-user": "eve"})
    assert not any(rule["resources"] == ["pods/eviction"] for rule in other.json()["status"]["resourceRules"])


async def test_default_audience_is_the_api_servers_own() -> None:
    api = Api()
    await api.call("POST", ACCOUNTS, {"metadata": {"name": "sa"}})
    made = (await api.call("POST", f"{ACCOUNTS}/sa/token", {"spec": {}})).json()
    assert made["spec"]["audiences"][0].startswith(DEFAULT)
