import base64
import json

import pytest

from scenarios.errors import StepError
from scenarios.steps.cluster import RemoveAccess, RestoreAccess, RotateToken
from tests.scenarios.steps.play import play

ACCOUNT = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "edge-reader"}}


class House:
    """Keeps what Edge was told."""

    def __init__(self):
        self.admin, self.told = self, []

    async def find(self, path, name):
        return {"id": f"{path}:{name}"}

    async def request(self, method, path, body):
        self.told.append((method, path, body))


def claims(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


@pytest.mark.parametrize(("expires", "seconds"), [("", 3600), ("10m", 600), ("24h", 86400)])
def test_a_rotated_token_is_good_for_as_long_as_asked(expires, seconds):
    async def story(world):
        house = House()
        world.move_in(house)
        await world.kubernetes.apply(ACCOUNT)
        await RotateToken(expires=expires).run(world)
        [(method, path, body)] = house.told
        assert (method, path) == ("PATCH", "kubernetes-clusters/kubernetes-clusters:test")
        token = claims(body["token"])
        assert token["exp"] - token["iat"] == seconds

    play(story)


def test_a_token_for_less_than_ten_minutes_is_refused_in_kubernetes_own_words():
    async def story(world):
        world.move_in(House())
        await world.kubernetes.apply(ACCOUNT)
        with pytest.raises(StepError, match="less than 10 minutes"):
            await RotateToken(expires="5s").run(world)

    play(story)


def test_access_that_was_removed_comes_back_as_it_was_and_only_what_was_removed():
    async def story(world):
        subjects = [{"kind": "ServiceAccount", "name": "edge-reader", "namespace": "default"}]
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}
        binding = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "roleRef": role}
        await world.kubernetes.apply({**binding, "metadata": {"name": "b"}, "subjects": subjects})
        await RemoveAccess(clusterrolebinding="b").run(world)
        with pytest.raises(StepError, match="not found"):
            await world.kubernetes.get("clusterrolebinding", "b")
        await RestoreAccess(clusterrolebinding="b").run(world)
        found = await world.kubernetes.get("clusterrolebinding", "b")
        assert (found["roleRef"], found["subjects"]) == (role, subjects)
        with pytest.raises(StepError, match="no earlier step removed 'b'"):
            await RestoreAccess(clusterrolebinding="b").run(world)

    play(story)
