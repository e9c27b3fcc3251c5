import asyncio
import base64

import msgspec
import pytest

from edge import virtual_time
from scenarios.errors import StepError, TargetError
from scenarios.kubernetes import Kubernetes
from scenarios.targets import account

TOKEN = base64.b64encode(b"the-token").decode()


def secret(data, name="edge-reader-token"):
    return {"metadata": {"name": name, "resourceVersion": "7"}, "data": data}


class Server:
    """Answers bytes: everything can be applied; `secrets` are there, `events` come later (None: silence)."""

    def __init__(self, secrets=(), events=(), watch_fails=False):
        self.secrets, self.events, self.watch_fails = list(secrets), events, watch_fails
        self.applied = []

    async def send(self, method, path, body, content_type):
        if method == "PATCH":
            self.applied.append(msgspec.json.decode(body)["kind"])
            return 201, b"{}"
        if self.watch_fails:
            return 403, b'{"message": "secrets is forbidden"}'
        return 200, msgspec.json.encode({"items": self.secrets, "metadata": {"resourceVersion": "7"}})

    async def lines(self, path):
        for event in self.events:
            yield msgspec.json.encode({"type": "MODIFIED", "object": event})
        await asyncio.Event().wait()

    async def close(self):
        pass


def token(server):
    return virtual_time.run(account.token(Kubernetes(server)))


def test_token_yml_is_applied_and_the_token_read_from_its_secret():
    server = Server(secrets=[secret({"token": "x"}, name="another"), secret({"token": TOKEN})])
    assert token(server) == "the-token"
    assert sorted(server.applied) == ["ClusterRole", "ClusterRoleBinding", "Secret", "ServiceAccount"]


def test_a_token_that_comes_later_is_waited_for():
    assert token(Server(secrets=[secret(None)], events=[secret({}), secret({"token": TOKEN})])) == "the-token"


def test_no_token_within_15_s_is_said_with_the_secret():
    with pytest.raises(TargetError, match="no token into the Secret default/edge-reader-token within 15 s"):
        token(Server(secrets=[secret(None)]))


def test_secrets_that_may_not_be_read_are_said_in_kubernetes_words():
    with pytest.raises(TargetError, match=r"could not be read: .*answered 403: secrets is forbidden"):
        token(Server(watch_fails=True))


def test_a_refused_apply_is_a_step_that_did_not_succeed():
    class Refuses(Server):
        async def send(self, method, path, body, content_type):
            return 403, b'{"message": "no"}'

    with pytest.raises(StepError, match="answered 403: no"):
        token(Refuses())
