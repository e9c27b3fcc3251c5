import httpx
import pytest

from edge.admin.errors import Conflict, Forbidden, Invalid, NotFound
from edge.admin.views import KubernetesClusterBody
from tests.admin.house import ADMIN, EDITOR, VIEWER, answering, house, in_virtual_time
from tests.kube.support import TOKEN

PEM = "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n"


def body(**more):
    return KubernetesClusterBody(**{"name": "test", "host": "kubernetes.test", "token": TOKEN, **more})


@in_virtual_time
async def test_registering_answers_when_the_first_check_has_ended(tmp_path):
    async with house(tmp_path) as h:
        made = await h.admin.kubernetes_clusters.create(ADMIN, body())
        assert made.status.state == "connected"
        assert await h.admin.kubernetes_clusters.get(VIEWER, made.id) == made
        assert [view.name for view in (await h.admin.kubernetes_clusters.namespaces(VIEWER, made.id)).items] == [
            "default"
        ]
        [found] = (await h.admin.kubernetes_clusters.services(VIEWER, made.id, "default")).items
        assert (found.name, [port.port for port in found.ports]) == ("test-hello", [80])


@in_virtual_time
async def test_a_cluster_that_cannot_be_reached_is_stored_and_says_so(tmp_path):
    kubernetes = answering()
    kubernetes.breaks = lambda asked: httpx.ConnectError("refused")
    async with house(tmp_path, kubernetes=kubernetes) as h:
        checked = await h.admin.kubernetes_clusters.check(ADMIN, body())
        assert checked.state == "unreachable"
        assert (await h.admin.kubernetes_clusters.list(VIEWER)).items == []
        made = await h.admin.kubernetes_clusters.create(ADMIN, body())
        assert made.status.state == "unreachable"
        assert [view.id for view in (await h.admin.kubernetes_clusters.list(VIEWER)).items] == [made.id]


@in_virtual_time
async def test_the_token_is_encrypted_and_nowhere_shown(tmp_path):
    async with house(tmp_path, f"sqlite:///{tmp_path}/edge.db") as h:
        made = await h.admin.kubernetes_clusters.create(ADMIN, body())
        assert TOKEN not in repr(made)
        assert TOKEN not in repr((await h.admin.audit.list(ADMIN)).items)
    assert TOKEN.encode() not in b"".join(file.read_bytes() for file in tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"token": None}, "token"),
        ({"token": "  "}, "token"),
        ({"token": "two words"}, "token"),
        ({"host": "https://kubernetes.test"}, "host"),
        ({"host": "a b"}, "host"),
        ({"ca_certificate": PEM}, "ca_certificate"),
    ],
)
@in_virtual_time
async def test_a_wrong_field_is_named(tmp_path, change, field):
    async with house(tmp_path) as h:
        for deed in (h.admin.kubernetes_clusters.create, h.admin.kubernetes_clusters.check):
            with pytest.raises(Invalid) as refused:
                await deed(ADMIN, body(**change))
            assert refused.value.field == field


@pytest.mark.parametrize("change", [{"host": "evil.test"}, {"port": 6444}, {"ssl_verify": False}])
@in_virtual_time
async def test_a_changed_address_asks_for_the_token_again(tmp_path, change):
    async with house(tmp_path) as h:
        id = await h.cluster()
        with pytest.raises(Invalid, match="give the token again") as refused:
            await h.admin.kubernetes_clusters.replace(ADMIN, id, body(token=None, **change))
        assert refused.value.field == "token"
        changed = await h.admin.kubernetes_clusters.replace(ADMIN, id, body(token="another", **change))
        assert {name: getattr(changed, name) for name in change} == change


@in_virtual_time
async def test_a_new_token_is_a_change_for_who_read_the_cluster_before(tmp_path):
    async with house(tmp_path) as h:
        id = await h.cluster()
        clusters = h.admin.kubernetes_clusters
        read = await clusters.get(ADMIN, id)
        changed = await clusters.replace(ADMIN, id, body(name="test"), clusters.etag(read))
        assert clusters.etag(changed) != clusters.etag(read)
        with pytest.raises(Conflict, match="changed since you read it"):
            await clusters.replace(ADMIN, id, body(name="test"), clusters.etag(read))
        kept = await clusters.replace(ADMIN, id, body(name="test", token=None), clusters.etag(changed))
        assert clusters.etag(kept) == clusters.etag(changed)


@in_virtual_time
async def test_name_and_timeouts_change_without_the_token(tmp_path):
    async with house(tmp_path) as h:
        id = await h.cluster()
        changed = await h.admin.kubernetes_clusters.replace(
            ADMIN, id, body(name="other", token=None, connect_timeout=1.5)
        )
        assert (changed.name, changed.connect_timeout, changed.status.state) == ("other", 1.5, "connected")


@in_virtual_time
async def test_a_cluster_in_use_is_not_deleted_and_says_who_uses_it(tmp_path):
    async with house(tmp_path) as h:
        id = await h.cluster()
        application = await h.application()
        await h.service(application, id)
        with pytest.raises(Conflict, match='"test" is used by application "shop"'):
            await h.admin.kubernetes_clusters.delete(ADMIN, id)
        await h.admin.applications.delete(ADMIN, application)
        await h.admin.kubernetes_clusters.delete(ADMIN, id)
        with pytest.raises(NotFound):
            await h.admin.kubernetes_clusters.namespaces(VIEWER, id)


@in_virtual_time
async def test_only_an_admin_registers_checks_and_deletes(tmp_path):
    async with house(tmp_path) as h:
        id = await h.cluster()
        for deed in (
            h.admin.kubernetes_clusters.create(EDITOR, body()),
            h.admin.kubernetes_clusters.check(EDITOR, body()),
            h.admin.kubernetes_clusters.replace(EDITOR, id, body()),
            h.admin.kubernetes_clusters.delete(EDITOR, id),
        ):
            with pytest.raises(Forbidden):
                await deed
