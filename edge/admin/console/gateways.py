"""Gateway partitions, their clusters, and the servers in them, with what each server says of itself."""

from __future__ import annotations

from starlette.responses import Response

from edge.admin.console.forms import Errors, body, version
from edge.admin.console.visit import Visit
from edge.admin.errors import AdminError
from edge.admin.views import GatewayClusterBody, JoinTokenBody, JoinTokenView, PartitionBody

_MOST = 1000


async def index(visit: Visit, errors: Errors | None = None, joining: JoinTokenView | None = None) -> Response:
    """The whole tree. `joining` is a new join token, shown this once."""
    admin, actor = visit.admin, visit.actor
    errors = errors or Errors()
    return visit.page(
        "gateways.html",
        status=errors.status,
        watch=("gateway-server",),
        partitions=(await admin.partitions.list(actor, limit=_MOST)).items,
        clusters=(await admin.gateway_clusters.list(actor, limit=_MOST)).items,
        servers=(await admin.gateway_servers.list(actor, limit=_MOST)).items,
        partition_version=admin.partitions.etag,
        cluster_version=admin.gateway_clusters.etag,
        errors=errors,
        joining=joining,
        admin_url=f"{visit.request.url.scheme}://{visit.request.url.netloc}",
    )


async def create_partition(visit: Visit) -> Response:
    form = await visit.form()
    try:
        await visit.admin.partitions.create(visit.actor, body(PartitionBody, {"name": form.get("name", "")}))
    except AdminError as error:
        return await index(visit, Errors(error))
    return visit.redirect("/gateways")


async def save_partition(visit: Visit) -> Response:
    form, id = await visit.form(), visit.path("id")
    try:
        named = body(PartitionBody, {"name": form.get("name", "")})
        await visit.admin.partitions.replace(visit.actor, id, named, version(form))
    except AdminError as error:
        return await index(visit, Errors(error))
    return visit.redirect("/gateways")


async def delete_partition(visit: Visit) -> Response:
    try:
        await visit.admin.partitions.delete(visit.actor, visit.path("id"))
    except AdminError as error:
        return await index(visit, Errors(error))
    return visit.redirect("/gateways", "The partition was deleted.")


async def create_cluster(visit: Visit) -> Response:
    form = await visit.form()
    values = {"name": form.get("name", ""), "partition": form.get("partition", "")}
    try:
        await visit.admin.gateway_clusters.create(visit.actor, body(GatewayClusterBody, values))
    except AdminError as error:
        return await index(visit, Errors(error))
    return visit.redirect("/gateways")


async def save_cluster(visit: Visit) -> Response:
    form, id = await visit.form(), visit.path("id")
    values = {"name": form.get("name", ""), "partition": form.get("partition", "")}
    try:
        await visit.admin.gateway_clusters.replace(visit.actor, id, body(GatewayClusterBody, values), version(form))
    except AdminError as error:
        return await index(visit, Errors(error))
    return visit.redirect("/gateways")


async def delete_cluster(visit: Visit) -> Response:
    try:
        await visit.admin.gateway_clusters.delete(visit.actor, visit.path("id"))
    except AdminError as error:
        return await index(visit, Errors(error))
    return visit.redirect("/gateways", "The gateway cluster was deleted.")


async def create_join_token(visit: Visit) -> Response:
    """Answers with the page itself: the token is shown this once and is in no address or cookie."""
    try:
        token = await visit.admin.join_tokens.create(visit.actor, visit.path("id"), JoinTokenBody())
    except AdminError as error:
        return await index(visit, Errors(error))
    return await index(visit, joining=token)


async def delete_server(visit: Visit) -> Response:
    try:
        await visit.admin.gateway_servers.delete(visit.actor, visit.path("id"))
    except AdminError as error:
        return await index(visit, Errors(error))
    return visit.redirect("/gateways", "The gateway server was removed; it can come back only with a new join token.")
