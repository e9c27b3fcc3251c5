"""List options: resourceVersion rules, continue tokens, selectors (apimachinery/pkg/apis/meta/internalversion)."""

from __future__ import annotations

import base64
import json
import re
from typing import NamedTuple

from simulator.api.request import Request
from simulator.errors import ApiError, Cause, Expired, bad_request, invalid
from simulator.objects import selectors
from simulator.objects.resource import Resource
from simulator.objects.selectors import Selector

LIST_OPTIONS = Resource("meta.k8s.io", "v1", "ListOptions", "listoptions", "listoptions", False)
_NUMBER = re.compile(r"[-+]?[0-9]+\Z")
MATCHES = ("Exact", "NotOlderThan")
CONTINUE_VERSION = "meta.k8s.io/v1"
EXPIRED_LIST = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
    "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
    "deleted between the time the first chunk was returned and now may show up in the list."
)


class Options(NamedTuple):
    version: str
    """``resourceVersion`` as given: empty, ``0`` or a number."""
    match: str
    limit: int
    start: str
    """The key behind which a continued list goes on."""
    snapshot: int
    """The revision of a continued list; 0 for a new one, -1 for one that goes on at the newest."""
    selector: Selector | None
    send_initial: bool
    bookmarks: bool
    seconds: int | None

    @property
    def revision(self) -> int:
        return int(self.version or 0)


def read(request: Request, resource: Resource) -> Options:
    """The options of a list, a watch or a deletecollection. Raises ``ApiError`` (400, 422)."""
    query = request.query
    selector = selectors.parse(resource, query.get("labelSelector", ""), query.get("fieldSelector", ""))
    version = query.get("resourceVersion", "")
    if version and not (version.isascii() and version.isdigit()):
        raise bad_version(version)
    if len(version) > 20 or int(version or 0) >= 1 << 64:
        raise bad_version(version, "value out of range")
    limit = _number(query.get("limit", "")) or 0
    seconds = _number(query.get("timeoutSeconds", ""))
    start, snapshot = "", 0
    if query.get("continue"):
        if version not in ("", "0"):
            raise bad_request("specifying resource version is not allowed when using continue")
        start, snapshot = decode_continue(query["continue"])
    options = Options(
        version, query.get("resourceVersionMatch", ""), max(limit, 0), start, snapshot, selector,
        request.flag("sendInitialEvents"), request.flag("allowWatchBookmarks"), seconds,
    )  # fmt: skip
    problems = _problems(request, options)
    if problems:
        raise invalid(LIST_OPTIONS, "", problems)
    return options


def bad_version(version: str, says: str = "invalid syntax") -> ApiError:
    why = f'Invalid value: "{version}": strconv.ParseUint: parsing "{version}": {says}'
    return ApiError(400, "BadRequest", f"resourceVersion: {why}")


def _number(text: str) -> int | None:
    return integer(text) if text else None


def integer(text: str) -> int:
    """A number of 64 bits, as Go reads it. Raises ``ApiError`` (400)."""
    if not _NUMBER.match(text):
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    if len(text) > 20 or not -(1 << 63) <= int(text) < 1 << 63:
        raise bad_request(f'strconv.ParseInt: parsing "{text}": value out of range')
    return int(text)


def _problems(request: Request, options: Options) -> list[Cause]:
    if request.watches:
        return _watch_problems(request, options)
    problems: list[Cause] = []
    if "sendInitialEvents" in request.query:
        problems.append(_forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"))
    if not options.match:
        return problems
    if options.snapshot:
        problems.append(_forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden for continue"))
    if not options.version:
        problems.append(
            _forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided")
        )
    if options.match not in MATCHES:
        listed = ", ".join(f'"{one}"' for one in (*MATCHES, ""))
        message = f'Unsupported value: "{options.match}": supported values: {listed}'
        problems.append(Cause("FieldValueNotSupported", message, "resourceVersionMatch"))
    if options.match == "Exact" and options.version == "0":
        why = 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'
        problems.append(_forbidden("resourceVersionMatch", why))
    return problems


def _watch_problems(request: Request, options: Options) -> list[Cause]:
    problems: list[Cause] = []
    if "sendInitialEvents" in request.query:
        if options.match != "NotOlderThan":
            why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
            problems.append(_forbidden("resourceVersionMatch", why))
    elif options.match:
        why = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
        problems.append(_forbidden("resourceVersionMatch", why))
    return problems


def _forbidden(field: str, why: str) -> Cause:
    return Cause("FieldValueForbidden", f"Forbidden: {why}", field)


def too_large(wanted: int, current: int) -> ApiError:
    details = {
        "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
        "retryAfterSeconds": 1,
    }
    return ApiError(504, "Timeout", f"Timeout: Too large resource version: {wanted}, current: {current}", details)


def encode_continue(revision: int, key: str) -> str:
    """As etcd3's continue tokens: base64 of ``{"v","rv","start"}``."""
    raw = json.dumps({"v": CONTINUE_VERSION, "rv": revision, "start": f"/{key}\0"}, separators=(",", ":"))
    return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def decode_continue(token: str) -> tuple[str, int]:
    """``(key behind which to go on, revision)``."""
    try:
        raw = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        start, revision = raw["start"], raw["rv"]
        if raw["v"] != CONTINUE_VERSION or not isinstance(start, str) or not isinstance(revision, int):
            raise ValueError
    except (ValueError, KeyError, TypeError):
        raise bad_request("continue key is not valid: unable to decode") from None
    return start.lstrip("/").rstrip("\0"), revision


def expired_continue(key: str) -> Expired:
    """410 for a continued list, with a token to go on at the newest state."""
    return Expired(EXPIRED_LIST, metadata={"continue": encode_continue(-1, key)})
