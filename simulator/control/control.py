"""The control API, `/control/v1`: what a scenario does to the simulator that no Kubernetes API could do to itself.

GET state · POST faults → 201 {id} · GET, DELETE faults[/id] · POST tokens/revoke · POST compact · POST rollback ·
POST certificate · POST server · POST reset · GET requests. Bodies are JSON; an unknown key is refused, so that a
typing error is not a silent success.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Literal, Protocol, TypeVar

import msgspec

from simulator.control.http import Refusal, Request

PREFIX = "/control/v1/"


class Faults(Protocol):
    """Faults injected into the Kubernetes API (`simulator.api.faults`)."""

    def add(self, wanted: Any) -> str:
        """Take a fault as its JSON object; answers its id. Raises ValueError saying what is wrong."""

    def list(self) -> list[dict[str, Any]]: ...

    def get(self, id: str) -> dict[str, Any] | None: ...

    def remove(self, id: str) -> bool: ...

    def clear(self) -> None: ...


class Controlled(Protocol):
    """What the control API controls (`simulator.simulator.Simulator`)."""

    @property
    def faults(self) -> Faults: ...

    def state(self) -> dict[str, Any]: ...

    def requests(self) -> list[dict[str, Any]]: ...

    def revoke(self, namespace: str, service_account: str, *, at_once: bool = False) -> int:
        """Revoke an account's tokens; answers how many kinds were found. LookupError when there is no account."""

    def compact(self, revision: int | None) -> int:
        """Forget history; answers the revision up to which."""

    async def roll_back(self, revision: int | None, behind: int) -> int:
        """Go back to `revision`, or `behind` revisions; answers the revision. LookupError when it is forgotten."""

    def rotate_certificate(self, *, new_authority: bool = False, drop: bool = False) -> None: ...

    async def stop_server(self, keep: bool, *, crash: bool = False) -> None: ...

    async def start_server(self) -> None: ...

    async def reset(self) -> None: ...


class Revoke(msgspec.Struct, forbid_unknown_fields=True):
    namespace: str
    serviceaccount: str
    at_once: bool = False


class Compact(msgspec.Struct, forbid_unknown_fields=True):
    revision: int | None = None


class RollBack(msgspec.Struct, forbid_unknown_fields=True):
    revision: int | None = None
    behind: int | None = None


class Certificate(msgspec.Struct, forbid_unknown_fields=True):
    authority: Literal["same", "new"] = "same"
    drop: bool = False


class Server(msgspec.Struct, forbid_unknown_fields=True):
    state: Literal["running", "stopped"]
    keep: bool = True
    crash: bool = False


class Empty(msgspec.Struct, forbid_unknown_fields=True):
    pass


Answer = tuple[int, Any]
T = TypeVar("T")


class Control:
    """Routes requests to what is controlled."""

    def __init__(self, target: Controlled) -> None:
        self._target = target
        self._routes: dict[str, dict[str, Callable[[Request], Awaitable[Answer]]]] = {
            "state": {"GET": self._state},
            "faults": {"GET": self._list_faults, "POST": self._add_fault, "DELETE": self._clear_faults},
            "tokens/revoke": {"POST": self._revoke},
            "compact": {"POST": self._compact},
            "rollback": {"POST": self._roll_back},
            "certificate": {"POST": self._certificate},
            "server": {"POST": self._server},
            "reset": {"POST": self._reset},
            "requests": {"GET": self._requests},
        }

    async def handle(self, request: Request) -> Answer:
        """One request; raises Refusal."""
        if not request.path.startswith(PREFIX):
            raise Refusal(404, "not_found", f"there is nothing at {request.path}; everything is under {PREFIX}")
        name = request.path[len(PREFIX) :].rstrip("/")
        methods = self._routes.get(name)
        if methods is None and name.startswith("faults/"):
            methods = {"GET": self._get_fault, "DELETE": self._remove_fault}
        if methods is None:
            known = ", ".join(sorted(self._routes))
            raise Refusal(404, "not_found", f"there is nothing at {request.path}; there is {known}")
        handler = methods.get(request.method)
        if handler is None:
            raise Refusal(405, "method", f"{request.path} takes {', '.join(methods)}, not {request.method}")
        return await handler(request)

    async def _state(self, request: Request) -> Answer:
        return 200, self._target.state()

    async def _requests(self, request: Request) -> Answer:
        return 200, {"items": self._target.requests()}

    async def _list_faults(self, request: Request) -> Answer:
        return 200, {"items": self._target.faults.list()}

    async def _add_fault(self, request: Request) -> Answer:
        try:
            return 201, {"id": self._target.faults.add(request.body)}
        except ValueError as error:
            raise Refusal(422, "invalid", str(error)) from None

    async def _clear_faults(self, request: Request) -> Answer:
        self._target.faults.clear()
        return 204, None

    async def _get_fault(self, request: Request) -> Answer:
        found = self._target.faults.get(_id(request))
        if found is None:
            raise Refusal(404, "not_found", f"there is no fault {_id(request)!r}")
        return 200, found

    async def _remove_fault(self, request: Request) -> Answer:
        if not self._target.faults.remove(_id(request)):
            raise Refusal(404, "not_found", f"there is no fault {_id(request)!r}")
        return 204, None

    async def _revoke(self, request: Request) -> Answer:
        wanted = _body(request, Revoke)
        try:
            count = self._target.revoke(wanted.namespace, wanted.serviceaccount, at_once=wanted.at_once)
        except LookupError as error:
            raise Refusal(404, "not_found", str(error.args[0]), "serviceaccount") from None
        return 200, {"revoked": count}

    async def _compact(self, request: Request) -> Answer:
        wanted = _body(request, Compact)
        if wanted.revision is not None and wanted.revision < 0:
            raise Refusal(422, "invalid", "expected a revision of 0 or more", "revision")
        return 200, {"revision": self._target.compact(wanted.revision)}

    async def _roll_back(self, request: Request) -> Answer:
        wanted = _body(request, RollBack)
        if (wanted.revision is None) == (wanted.behind is None):
            raise Refusal(422, "invalid", "expected either a revision or how many revisions to go back (behind)")
        if (wanted.revision if wanted.revision is not None else wanted.behind or 0) < 1:
            raise Refusal(422, "invalid", "expected 1 or more", "behind" if wanted.revision is None else "revision")
        try:
            return 200, {"revision": await self._target.roll_back(wanted.revision, wanted.behind or 0)}
        except LookupError as error:
            raise Refusal(409, "expired", str(error.args[0])) from None

    async def _certificate(self, request: Request) -> Answer:
        wanted = _body(request, Certificate)
        self._target.rotate_certificate(new_authority=wanted.authority == "new", drop=wanted.drop)
        return 200, self._target.state()

    async def _server(self, request: Request) -> Answer:
        wanted = _body(request, Server)
        if wanted.state == "stopped":
            await self._target.stop_server(wanted.keep, crash=wanted.crash)
        else:
            await self._target.start_server()
        return 200, self._target.state()

    async def _reset(self, request: Request) -> Answer:
        _body(request, Empty)
        await self._target.reset()
        return 200, self._target.state()


def _id(request: Request) -> str:
    return request.path[len(PREFIX) :].rstrip("/").partition("/")[2]


def _body(request: Request, kind: type[T]) -> T:
    try:
        return msgspec.convert({} if request.body is None else request.body, kind)
    except msgspec.ValidationError as error:
        text = str(error)
        field = text.rpartition("`$.")[2].rstrip("`") if "`$." in text else None
        raise Refusal(422, "invalid", text, field) from None
