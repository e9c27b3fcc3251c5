"""``Impersonate-User`` and its companions: acting as somebody else, when RBAC allows it.

Source: k8s.io/apiserver/pkg/endpoints/filters/impersonation.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import unquote

from simulator.access.rbac import Attributes, Authorizer
from simulator.access.users import ANONYMOUS, AUTHENTICATED, User, account_of, service_account
from simulator.errors import ApiError, bad_request

EXTRA = "impersonate-extra-"


def impersonate(authorizer: Authorizer, user: User, headers: Sequence[tuple[str, str]]) -> User:
    """The user that a request acts as; ``headers`` have lower-case names. Raises ``ApiError`` (403, 400)."""
    wanted = [(name, value) for name, value in headers if name.startswith("impersonate-")]
    if not wanted:
        return user
    name = next((value for key, value in wanted if key == "impersonate-user"), "")
    groups = tuple(value for key, value in wanted if key == "impersonate-group")
    uid = next((value for key, value in wanted if key == "impersonate-uid"), "")
    extra: dict[str, tuple[str, ...]] = {}
    for key, value in wanted:
        if key.startswith(EXTRA):
            part = unquote(key[len(EXTRA) :])
            extra[part] = (*extra.get(part, ()), value)
    if not name and not (groups or uid or extra):
        return user  # an empty header asks for nobody
    if not name:
        raise bad_request("requested impersonation without impersonating a user")
    _check(authorizer, user, name, groups, uid, extra)
    account = account_of(name)
    if account is not None and not groups:
        acting = service_account(*account)
        return acting._replace(uid=uid, extra=extra)
    if name != ANONYMOUS.name and AUTHENTICATED not in groups:
        groups = (*groups, AUTHENTICATED)
    return User(name, uid, groups or ANONYMOUS.groups, extra)


def _check(
    authorizer: Authorizer, user: User, name: str, groups: tuple[str, ...], uid: str, extra: dict[str, tuple[str, ...]]
) -> None:
    account = account_of(name)
    if account is not None:
        asked = [Attributes("impersonate", "", "serviceaccounts", "", *account)]
    else:
        asked = [Attributes("impersonate", "", "users", "", "", name)]
    asked += [Attributes("impersonate", "", "groups", "", "", group) for group in groups]
    group = "authentication.k8s.io"
    if uid:
        asked.append(Attributes("impersonate", group, "uids", "", "", uid))
    asked += [
        Attributes("impersonate", group, "userextras", key, "", value)
        for key, values in extra.items()
        for value in values
    ]
    for one in asked:
        if not authorizer.allows(user, one)[0]:
            raise forbidden_for(user, one)


def forbidden_for(user: User, wanted: Attributes) -> ApiError:
    """403 in the words of k8s.io/apiserver/pkg/endpoints/handlers/responsewriters/errors.go."""
    if wanted.path:
        message = f'forbidden: User "{user.name}" cannot {wanted.verb} path "{wanted.path}"'
        return ApiError(403, "Forbidden", message, {})
    resource = f"{wanted.resource}/{wanted.subresource}" if wanted.subresource else wanted.resource
    where = f'in the namespace "{wanted.namespace}"' if wanted.namespace else "at the cluster scope"
    shown = f"{wanted.resource}.{wanted.group}" if wanted.group else wanted.resource
    if wanted.name:
        shown += f' "{wanted.name}"'
    message = (
        f'{shown} is forbidden: User "{user.name}" cannot {wanted.verb} resource "{resource}" '
        f'in API group "{wanted.group}" {where}'
    )
    details = {"name": wanted.name} if wanted.name else {}
    if wanted.group:
        details["group"] = wanted.group
    details["kind"] = wanted.resource
    return ApiError(403, "Forbidden", message, details)
