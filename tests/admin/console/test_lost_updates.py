"""Two people at the same form: the second is told, and loses nothing."""

import re

import pytest

from edge.admin.views import (
    ApplicationBody,
    CertificateBody,
    GatewayClusterBody,
    KubernetesClusterBody,
    PartitionBody,
    RuleBody,
    UpstreamBody,
    UserBody,
)
from edge.model import Respond, Server
from tests.admin.console.visitor import text, visiting
from tests.admin.house import ADMIN, EDITOR, PASSWORD, in_virtual_time
from tests.support.authority import authority


def version_in(page, action=""):
    """The hidden field of the form (which is sent to `action`, if given)."""
    form = page.text.partition(f'action="{action}"')[2] if action else page.text
    return re.search(r'name="version" value="([^"]+)"', form)[1].replace("&#34;", '"')


async def form_of(h, kind):
    """The page with a form, what is sent, where to, and a write that somebody else makes meanwhile."""
    admin = h.admin
    eu = await h.partition()
    shop = await h.application(partitions=[eu])
    if kind == "rule":
        id = await h.rule(shop)
        form = {"name": "mine", "enabled": "on", "a-0-type": "respond", "a-0-status": "200", "do": "save"}
        theirs = RuleBody(name="theirs", actions=[Respond()])
        return f"/applications/{shop}/rules/{id}", "", form, admin.rules.replace(EDITOR, shop, id, theirs)
    if kind == "upstream":
        id = await h.upstream(shop)
        theirs = UpstreamBody(name="theirs", servers=[Server("10.0.0.9", 80)])
        form = {"kind": "static", "name": "mine", "servers": "10.0.0.1:80"}
        path = f"/applications/{shop}/upstreams/{id}/edit"
        return path, "", form, admin.upstreams.replace(EDITOR, shop, id, theirs)
    if kind == "application":
        theirs = ApplicationBody(name="theirs", domains=["theirs.example"])
        form = {"name": "mine", "domains": "mine.example"}
        return f"/applications/{shop}", "", form, admin.applications.replace(EDITOR, shop, theirs)
    if kind == "Kubernetes cluster":
        id = await h.cluster()
        theirs = KubernetesClusterBody(name="test", host="kubernetes.test", token="theirs")
        form = {"name": "mine", "host": "kubernetes.test", "port": "6443", "ssl_verify": "on", "token": "mine"}
        return f"/kubernetes/{id}", "", form, admin.kubernetes_clusters.replace(ADMIN, id, theirs)
    if kind == "certificate":
        chain, key = authority().issue("a.example")
        theirs = CertificateBody(name="theirs", certificate=chain, key=key)
        made = await admin.certificates.create(ADMIN, theirs)
        form = {"name": "mine", "certificate": chain}
        renamed = CertificateBody(name="other", certificate=chain)
        return f"/certificates/{made.id}", "", form, admin.certificates.replace(ADMIN, made.id, renamed)
    if kind == "partition":
        action = f"/gateways/partitions/{eu}"
        return "/gateways", action, {"name": "mine"}, admin.partitions.replace(ADMIN, eu, PartitionBody(name="theirs"))
    if kind == "gateway cluster":
        made = await admin.gateway_clusters.create(ADMIN, GatewayClusterBody(name="one", partition=eu))
        theirs = GatewayClusterBody(name="theirs", partition=eu)
        write = admin.gateway_clusters.replace(ADMIN, made.id, theirs)
        return "/gateways", f"/gateways/clusters/{made.id}", {"name": "mine", "partition": eu}, write
    made = await admin.users.create(ADMIN, UserBody(name="ada", role="editor", password=PASSWORD))
    write = admin.users.replace(ADMIN, made.id, UserBody(name="ada", role="editor", password="theirs " + PASSWORD))
    return "/access", f"/access/users/{made.id}", {"role": "viewer", "password": "mine " + PASSWORD}, write


KINDS = (
    "rule", "upstream", "application", "Kubernetes cluster", "certificate", "partition", "gateway cluster", "user",
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@in_virtual_time
async def test_nobody_overwrites_unseen_what_somebody_else_wrote_since_the_form_was_opened(tmp_path, kind):
    async with visiting(tmp_path) as visitor:
        path, action, form, theirs = await form_of(visitor.house, kind)
        form["version"] = version_in(await visitor.get(path), action)
        await theirs
        refused = await visitor.post(action or path, form)
        assert refused.status_code == 409
        assert "somebody else changed this since you opened it" in text(refused)
        if not action:
            assert 'value="mine"' in refused.text, "what was written is not lost"
        form["version"] = version_in(refused, action)
        await visitor.done(action or path, form)


@in_virtual_time
async def test_a_form_that_is_shown_again_for_another_reason_is_made_from_what_it_was(tmp_path):
    async with visiting(tmp_path) as visitor:
        path, _, form, theirs = await form_of(visitor.house, "application")
        opened = version_in(await visitor.get(path))
        await theirs
        again = await visitor.post(path, {**form, "name": "", "version": opened})
        assert (again.status_code, version_in(again)) == (422, opened)
