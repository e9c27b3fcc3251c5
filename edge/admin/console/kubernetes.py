"""Registered Kubernetes clusters: the form with its help on tokens, and what each cluster's watching says."""

from __future__ import annotations

import importlib.resources
from typing import Any

from starlette.datastructures import FormData
from starlette.responses import Response

from edge.admin.console.forms import Errors, body, optional, version
from edge.admin.console.visit import Visit
from edge.admin.errors import AdminError, NotFound
from edge.admin.views import ClusterStatus, KubernetesClusterBody

TOKEN_MANIFEST = (importlib.resources.files("edge.kube") / "token.yml").read_text(encoding="utf-8")

_NEW = {
    "name": "",
    "host": "",
    "port": 6443,
    "ssl_verify": True,
    "ca_certificate": "",
    "connect_timeout": 5,
    "read_timeout": 10,
}


def _values(form: FormData) -> dict[str, Any]:
    return {
        "name": form.get("name", ""),
        "host": str(form.get("host", "")).strip(),
        "port": form.get("port", ""),
        "ssl_verify": "ssl_verify" in form,
        "ca_certificate": optional(form.get("ca_certificate")),
        "connect_timeout": form.get("connect_timeout", "5"),
        "read_timeout": form.get("read_timeout", "10"),
    }


def _body(form: FormData) -> KubernetesClusterBody:
    return body(KubernetesClusterBody, {**_values(form), "token": optional(form.get("token"))})


async def index(visit: Visit) -> Response:
    clusters = (await visit.admin.kubernetes_clusters.list(visit.actor, limit=1000)).items
    return visit.page("kubernetes.html", watch=("kubernetes-cluster",), clusters=clusters)


async def new(
    visit: Visit,
    values: dict[str, Any] | None = None,
    errors: Errors | None = None,
    checked: ClusterStatus | None = None,
) -> Response:
    visit.actor.require("admin", "register Kubernetes clusters")
    errors = errors or Errors()
    return visit.page(
        "kubernetes_new.html",
        status=errors.status,
        values=values or _NEW,
        errors=errors,
        checked=checked,
        manifest=TOKEN_MANIFEST,
    )


async def create(visit: Visit) -> Response:
    form = await visit.form()
    try:
        given = _body(form)
        if form.get("do") == "check":
            checked = await visit.admin.kubernetes_clusters.check(visit.actor, given)
            return await new(visit, _values(form), checked=checked)
        cluster = await visit.admin.kubernetes_clusters.create(visit.actor, given)
    except AdminError as error:
        return await new(visit, _values(form), Errors(error))
    return visit.redirect(f"/kubernetes/{cluster.id}")


async def show(
    visit: Visit, values: dict[str, Any] | None = None, errors: Errors | None = None, sent: str | None = None
) -> Response:
    clusters, id = visit.admin.kubernetes_clusters, visit.path("id")
    cluster = await clusters.get(visit.actor, id)
    namespace = visit.request.query_params.get("namespace")
    errors = errors or Errors()
    return visit.page(
        "kubernetes_show.html",
        status=errors.status,
        watch=(f"kubernetes-cluster:{id}",),
        cluster=cluster,
        version=errors.version(clusters.etag(cluster), sent),
        namespaces=(await clusters.namespaces(visit.actor, id)).items,
        namespace=namespace,
        services=await _services(visit, id, namespace),
        values=values or cluster,
        errors=errors,
        manifest=TOKEN_MANIFEST,
    )


async def _services(visit: Visit, id: str, namespace: str | None) -> list[Any]:
    if not namespace:
        return []
    try:
        return list((await visit.admin.kubernetes_clusters.services(visit.actor, id, namespace)).items)
    except NotFound:
        return []


async def save(visit: Visit) -> Response:
    form, id = await visit.form(), visit.path("id")
    try:
        await visit.admin.kubernetes_clusters.replace(visit.actor, id, _body(form), version(form))
    except AdminError as error:
        return await show(visit, _values(form), Errors(error), version(form))
    return visit.redirect(f"/kubernetes/{id}", "Saved.")


async def delete(visit: Visit) -> Response:
    try:
        await visit.admin.kubernetes_clusters.delete(visit.actor, visit.path("id"))
    except AdminError as error:
        return await show(visit, errors=Errors(error))
    return visit.redirect("/kubernetes", "The Kubernetes cluster is no longer followed.")
