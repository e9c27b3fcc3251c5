"""Every page of the console and the path it has: the console's table of contents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from edge.admin.console import (
    access,
    account,
    applications,
    certificates,
    gateways,
    kubernetes,
    live,
    releases,
    rules,
    stored_answers,
    traffic,
    upstreams,
)
from edge.admin.console.rendering import FOLDER
from edge.admin.console.visit import Handler, endpoint

if TYPE_CHECKING:
    from edge.admin.admin import Admin

PAGES: dict[str, Handler] = {
    "/": applications.home,
    "/account": account.show,
    "/applications": applications.index,
    "/applications/new": applications.new,
    "/applications/{application}": applications.show,
    "/applications/{application}/upstreams": upstreams.index,
    "/applications/{application}/upstreams/new": upstreams.new,
    "/applications/{application}/upstreams/{id}": upstreams.show,
    "/applications/{application}/upstreams/{id}/edit": upstreams.edit,
    "/applications/{application}/rules": rules.index,
    "/applications/{application}/rules/new": rules.new,
    "/applications/{application}/rules/{id}": rules.edit,
    "/applications/{application}/changes": releases.changes,
    "/applications/{application}/releases": releases.index,
    "/applications/{application}/releases/{version}": releases.show,
    "/applications/{application}/stored-answers": stored_answers.show,
    "/applications/{application}/traffic": traffic.show,
    "/gateways": gateways.index,
    "/kubernetes": kubernetes.index,
    "/kubernetes/new": kubernetes.new,
    "/kubernetes/{id}": kubernetes.show,
    "/certificates": certificates.index,
    "/certificates/new": certificates.new,
    "/certificates/{id}": certificates.show,
    "/access": access.index,
    "/access/audit": access.audit,
}

DEEDS: dict[str, Handler] = {
    "/sign-out": account.sign_out,
    "/account": account.change_password,
    "/applications/new": applications.create,
    "/applications/{application}": applications.save,
    "/applications/{application}/delete": applications.delete,
    "/applications/{application}/upstreams/new": upstreams.create,
    "/applications/{application}/upstreams/{id}/edit": upstreams.save,
    "/applications/{application}/upstreams/{id}/delete": upstreams.delete,
    "/applications/{application}/rules/new": rules.create,
    "/applications/{application}/rules/{id}": rules.save,
    "/applications/{application}/rules/{id}/delete": rules.delete,
    "/applications/{application}/rules/{id}/move": rules.move,
    "/applications/{application}/rules/{id}/toggle": rules.toggle,
    "/applications/{application}/changes/discard": releases.discard,
    "/applications/{application}/releases": releases.release,
    "/applications/{application}/releases/{version}/rollback": releases.rollback,
    "/applications/{application}/stored-answers": stored_answers.purge,
    "/gateways/partitions": gateways.create_partition,
    "/gateways/partitions/{id}": gateways.save_partition,
    "/gateways/partitions/{id}/delete": gateways.delete_partition,
    "/gateways/clusters": gateways.create_cluster,
    "/gateways/clusters/{id}": gateways.save_cluster,
    "/gateways/clusters/{id}/delete": gateways.delete_cluster,
    "/gateways/clusters/{id}/join-tokens": gateways.create_join_token,
    "/gateways/servers/{id}/delete": gateways.delete_server,
    "/kubernetes/new": kubernetes.create,
    "/kubernetes/{id}": kubernetes.save,
    "/kubernetes/{id}/delete": kubernetes.delete,
    "/certificates/new": certificates.create,
    "/certificates/{id}": certificates.save,
    "/certificates/{id}/delete": certificates.delete,
    "/access/users": access.create_user,
    "/access/users/{id}": access.save_user,
    "/access/users/{id}/delete": access.delete_user,
    "/access/tokens": access.create_token,
    "/access/tokens/{id}/delete": access.delete_token,
}


def routes(admin: Admin) -> list[BaseRoute]:
    """The console's routes for an application that serves nothing else at these paths."""
    return [
        Mount("/static", StaticFiles(directory=FOLDER / "static"), name="static"),
        Route("/sign-in", endpoint(account.sign_in_form, admin, public=True), methods=["GET"]),
        Route("/sign-in", endpoint(account.sign_in, admin, public=True), methods=["POST"]),
        Route("/live", endpoint(live.stream, admin), methods=["GET"]),
        *(Route(path, endpoint(handler, admin), methods=["GET"]) for path, handler in PAGES.items()),
        *(Route(path, endpoint(handler, admin), methods=["POST"]) for path, handler in DEEDS.items()),
    ]
