"""Acting as somebody else: each part of an identity needs a right of its own."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.access.impersonation import impersonate
from simulator.access.users import User
from simulator.errors import ApiError
from tests.simulator.api.client import Api

RBAC = "/apis/rbac.authorization.k8s.io/v1"
EVE = User("eve", "", ("system:authenticated",))
ADMIN = User("admin", "", ("system:masters",))


async def allowing(*rules: dict[str, Any]) -> Api:
    api = Api()
    await api.call("POST", f"{RBAC}/clusterroles", {"metadata": {"name": "act"}, "rules": list(rules)})
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "act"}
    subject = {"kind": "User", "name": "eve"}
    made = {"metadata": {"name": "act"}, "roleRef": reference, "subjects": [subject]}
    await api.call("POST", f"{RBAC}/clusterrolebindings", made)
    return api


def right(resource: str, group: str = "", *names: str) -> dict[str, Any]:
    return {"verbs": ["impersonate"], "apiGroups": [group], "resources": [resource], "resourceNames": list(names)}


async def test_users_groups_uids_and_extras_are_judged_one_by_one() -> None:
    extra = right("userextras/scopes", "authentication.k8s.io", "read")
    api = await allowing(right("users", "", "bob"), right("groups", "", "team"), extra)
    authorizer = api.backend.authorizer
    headers = [("impersonate-user", "bob"), ("impersonate-group", "team"), ("impersonate-extra-scopes", "read")]
    bob = impersonate(authorizer, EVE, headers)
    assert bob == User("bob", "", ("team", "system:authenticated"), {"scopes": ("read",)})
    for wrong, said in (
        (("impersonate-group", "system:masters"), 'cannot impersonate resource "groups"'),
        (("impersonate-extra-scopes", "write"), 'cannot impersonate resource "userextras/scopes"'),
        (("impersonate-uid", "1"), 'cannot impersonate resource "uids"'),
    ):
        with pytest.raises(ApiError, match=said) as refused:
            impersonate(authorizer, EVE, [*headers, wrong])
        assert refused.value.code == 403


async def test_a_service_account_gets_its_groups_and_nobody_else_does() -> None:
    authorizer = Api().backend.authorizer
    account = impersonate(authorizer, ADMIN, [("impersonate-user", "system:serviceaccount:default:sa")])
    assert account.groups == ("system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated")
    anonymous = impersonate(authorizer, ADMIN, [("impersonate-user", "system:anonymous")])
    assert anonymous.groups == ("system:unauthenticated",)


async def test_groups_without_a_user_are_a_bad_request() -> None:
    refused = await Api().call("GET", "/api/v1/pods", headers={"impersonate-group": "team"})
    assert refused.status == 400
    assert refused.json()["message"].endswith("without impersonating a user")


async def test_who_am_i_tells_whom_one_acts_as() -> None:
    headers = {"impersonate-user": "bob", "impersonate-uid": "7", "impersonate-extra-Some%2fThing": "x"}
    path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    said = (await Api().call("POST", path, {}, headers)).json()["status"]["userInfo"]
    assert (said["username"], said["uid"], said["groups"]) == ("bob", "7", ["system:authenticated"])
    assert {key.lower(): value for key, value in said["extra"].items()} == {"some/thing": ["x"]}
