"""The page rule editor's fields for every action: how a value is shown in a field, and read from it again.

A field that is left empty is left out of what is sent on, so that the action's own default holds. Secrets are never
shown: a user without a password, and an empty secret, mean the one that is stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

import msgspec

from edge.admin.console.forms import lines
from edge.model.actions import Action, Retries

Kind: TypeAlias = Literal[
    "text", "number", "area", "lines", "check", "upstream", "choice", "users", "pairs", "secret", "shares"
]
"""`lines` is a list, one entry on each line; a `choice` is one of the words of its hint; `users` are
lines of NAME:PASSWORD, or NAME to keep the password, `pairs` lines of CLAIM: HEADER, `shares` a weight for
each upstream that has one."""
Row: TypeAlias = dict[str, Any]
"""An action as its fields show it: `type`, and a text or (of a `check`) a bool by name."""


class Field(NamedTuple):
    """One field of an action; `hint` is an example. `retries.attempts` is a field of the object in `retries`. What is
    seldom needed is folded away under `more`. Left empty it has its default, unless `empty` is a value as well."""

    name: str
    label: str
    kind: Kind = "text"
    hint: str = ""
    more: bool = False
    empty: bool = False


_HEADER = Field("name", "Header", hint="X-Name")
ACTIONS: dict[str, tuple[Field, ...]] = {
    "proxy": (
        Field("upstream", "Upstream", "upstream"),
        Field("upstreams", "Weight", "shares"),
        Field("key", "Requests with the same … go to the same upstream", hint="${header.x-user}", more=True),
        Field("backup", "Backup", "upstream", more=True),
        Field("timeout", "Seconds until an answer begins", "number", "30", more=True),
        Field("retries.attempts", "Attempts", "number", "3", more=True),
        Field("retries.per_try_timeout", "Seconds for each attempt", "number", "5", more=True),
        Field("retries.conditions", "Try again after", "lines", "timeout", more=True),
        Field("retries.statuses", "Try again after answers with status", "lines", "503", more=True),
        Field("retries.non_idempotent", "send POST and PATCH again, too", "check", more=True),
    ),
    "redirect": (
        Field("url", "URL", hint="https://${host}${path}"),
        Field("status", "Status", "number", "301, 302, 303, 307 or 308"),
    ),
    "respond": (
        Field("status", "Status", "number", "200"),
        Field("body", "Body", "area"),
        Field("content_type", "Content type", hint="text/plain"),
    ),
    "rewrite-path": (
        Field("prefix", "Prefix", hint="/a"),
        Field("matches", "or regular expression", hint="^/v(\\d+)/"),
        Field("with", "Replace with", hint="/$1/"),
    ),
    "set-request-header": (_HEADER, Field("value", "Value", hint="${client-address}")),
    "remove-request-header": (_HEADER,),
    "set-response-header": (_HEADER, Field("value", "Value", hint="${request-id}")),
    "remove-response-header": (Field("name", "Header", hint="Server"),),
    "request-id": (
        Field("header", "Header", hint="X-Request-Id"),
        Field("accept", "take the client's, if it sends a sane one", "check"),
        Field("format", "New ones as", "choice", "hex uuid"),
        Field("upstream_only", "not in the answer", "check"),
    ),
    "ip-access": (
        Field("allow", "Networks let in (all, when empty)", "lines", "10.0.0.0/8"),
        Field("deny", "Networks kept out", "lines", "192.0.2.0/24"),
        Field("status", "Status of a refusal", "number", "403"),
    ),
    "basic-auth": (
        Field("users", "Users: NAME:PASSWORD, or NAME to keep the password", "users", "alice:correct horse"),
        Field("realm", "Realm", hint="restricted"),
        Field("forward", "let Authorization go on to the endpoint", "check"),
    ),
    "jwt-auth": (
        Field("algorithms", "Algorithms", "lines", "RS256"),
        Field("public_keys", "Public keys (PEM)", "area"),
        Field("jwks_url", "or URL of a key set", hint="https://www.example.com/keys"),
        Field("secret", "or secret of HS algorithms (empty: as stored)", "secret"),
        Field("issuer", "Issuer", hint="https://www.example.com/"),
        Field("audience", "Audiences", "lines", "shop"),
        Field("claims", "Claims told to the endpoint", "pairs", "sub: X-User"),
        Field("required", "Claims required", "lines", "exp", more=True),
        Field("leeway", "Seconds that clocks may differ", "number", "10", more=True),
        Field("place", "Where the token is", "choice", "header cookie query", more=True),
        Field("name", "Name of that", hint="Authorization", more=True),
        Field("realm", "Realm", hint="restricted", more=True),
        Field("forward", "let the token go on to the endpoint", "check", more=True),
    ),
    "forward-auth": (
        Field("upstream", "Upstream", "upstream"),
        Field("path", "Path", hint="/verify"),
        Field("request_headers", "Headers that it is sent", "lines", "Authorization"),
        Field("response_headers", "Headers of its answer for the endpoint", "lines", "X-User"),
    ),
    "cors": (
        Field("origins", "Origins", "lines", "https://www.example.com"),
        Field("methods", "Methods", "lines", "GET"),
        Field("headers", "Request headers", "lines", "Content-Type"),
        Field("expose", "Exposed response headers", "lines", "X-Request-Id"),
        Field("credentials", "with credentials", "check"),
        Field("max_age", "Seconds to remember", "number", "600"),
    ),
    "error-page": (
        Field("statuses", "In place of", "lines", "502"),
        Field("body", "Body", "area"),
        Field("content_type", "Content type", hint="text/html"),
        Field("status", "Status instead", "number", "200"),
    ),
    "mirror": (
        Field("upstream", "Upstream", "upstream"),
        Field("share", "Share of requests, 0 to 1", "number", "0.1"),
        Field("max_body", "Bytes of the largest body", "number", "65536"),
    ),
    "cache": (
        Field("ttl", "Seconds, where answers do not say", "number", "60"),
        Field("statuses", "For answers with status", "lines", "200"),
        Field("override", "also where answers do say", "check"),
        Field("key", "Key (the URL, when empty)", hint="${host}${path}"),
        Field("stale_if_error", "Seconds to stand in for errors", "number", "300"),
        Field("stale_while_revalidate", "Seconds to be given while one fetches anew", "number", "30"),
        Field("max_body", "Bytes of the largest answer", "number", "1048576"),
    ),
    "limit-rate": (
        Field("rate", "Requests", "number", "100"),
        Field("per", "per", "choice", "second minute hour"),
        Field("burst", "At once", "number", "20"),
        Field("key", "Counted by (all together, when empty)", hint="${client-address}", empty=True),
        Field("delay", "delay what is too early instead of refusing it", "check"),
        Field("status", "Status of a refusal", "number", "429"),
    ),
    "limit-concurrency": (
        Field("limit", "Requests at once", "number", "10"),
        Field("key", "Counted by (all together, when empty)", hint="${client-address}", empty=True),
        Field("queue", "More that wait", "number", "20"),
        Field("status", "Status of a refusal", "number", "503"),
    ),
    "limit-body": (Field("size", "Bytes of a body", "number", "1048576"),),
    "compress": (
        Field("encodings", "Encodings", "lines", "zstd, br or gzip"),
        Field("types", "Types of content", "lines", "text/*"),
        Field("min_size", "Bytes at least", "number", "512"),
        Field("level", "Level, 1 to 9", "number", "4"),
    ),
}
"""Action → its fields."""
OBJECTS: dict[str, type[Any]] = {"retries": Retries}
"""The type of a field that is an object with fields of its own."""

_models: Mapping[str, type[Any]] = {kind.__struct_config__.tag: kind for kind in get_args(Action)}


def empty(action: str) -> Row:
    """A new action's fields: the defaults, where there are any to show."""
    return {"type": action} | {field.name: _shown(field, _default(action, field.name)) for field in ACTIONS[action]}


def shown(action: Action) -> Row:
    """The fields of an action that there is."""
    values = msgspec.to_builtins(action)
    row = empty(values["type"])
    for field in ACTIONS[values["type"]]:
        name, _, inner = field.name.partition(".")
        if inner and name in values:
            row[field.name] = _shown(field, getattr(getattr(action, name), inner))
        elif name in values:
            row[field.name] = _shown(field, values[name])
    return row


def is_split(row: Row) -> bool:
    """Whether an action's requests go to several upstreams, or are about to."""
    return row["upstream"] == "" and row["upstreams"] is not None


def has_more(row: Row) -> bool:
    """Whether something stands in the fields that are folded away."""
    first = empty(row["type"])
    return any(row[field.name] != first[field.name] for field in ACTIONS[row["type"]] if field.more)


def places(number: int, action: str) -> list[str]:
    """What the API calls the fields of an action in its messages, such as `actions[0].url`."""
    return [f"actions[{number}].{field.name}" for field in ACTIONS[action]]


def posted(action: str, sent: Mapping[str, Any]) -> Row:
    """The fields of an action as they were sent, by name. Where those of another kind were `shown`, it was only just
    chosen: what both need is kept, all else begins with its default."""
    if sent.get("shown", action) != action:
        fields = [field.name for field in ACTIONS[action] if not _has_default(action, field.name)]
        return empty(action) | {name: str(sent[name]) for name in fields if name in sent}
    return {"type": action} | {field.name: _posted(action, field, sent) for field in ACTIONS[action]}


def _posted(action: str, field: Field, sent: Mapping[str, Any]) -> Any:
    if field.kind == "check":
        return field.name in sent
    if field.kind == "shares":
        weights = {key: str(value).strip() for key, value in sent.items() if key.startswith(f"{field.name}-")}
        return {key.removeprefix(f"{field.name}-"): weight for key, weight in weights.items() if weight}
    if field.empty or "." in field.name:  # an object is left out when all its fields are as they were shown first
        return str(sent.get(field.name, _shown(field, _default(action, field.name))))
    return str(sent.get(field.name, ""))


def read(row: Row) -> dict[str, Any]:
    """What the API takes."""
    kind = row["type"]
    values: dict[str, Any] = {"type": kind}
    first = empty(kind)
    objects = {field.name.partition(".")[0] for field in ACTIONS[kind] if "." in field.name}
    given = {name for name in objects if any(row[key] != first[key] for key in row if key.startswith(f"{name}."))}
    for field in ACTIONS[kind]:
        value = row[field.name]
        name, _, inner = field.name.partition(".")
        if inner and name not in given:
            continue
        if field.kind == "shares":
            value = (
                [] if row["upstream"] else [{"upstream": id, "weight": weight} for id, weight in (value or {}).items()]
            )
        elif field.kind == "lines":
            value = lines(value)
        elif field.kind == "users":
            value = [_user(line) for line in lines(value)]
        elif field.kind == "pairs":
            value = [_pair(line) for line in lines(value)]
        elif isinstance(value, str) and field.kind != "area":
            value = value.strip()
        if inner and value != "":
            values.setdefault(name, {})[inner] = value
        elif not inner and (value != "" or field.empty or not _has_default(kind, name)):
            values[name] = value
    return values


def _shown(field: Field, value: Any) -> Any:
    if field.kind == "check":
        return bool(value)
    if field.kind == "lines":
        return "\n".join(str(entry) for entry in value or ())
    if field.kind == "users":
        return "\n".join(user["name"] for user in value or ())
    if field.kind == "pairs":
        return "\n".join(f"{pair['claim']}: {pair['header']}" for pair in value or ())
    if field.kind == "shares":
        return {share["upstream"]: str(share.get("weight", 1)) for share in value} if value else None
    return "" if value is None else str(value)


def _user(line: str) -> dict[str, str]:
    name, colon, password = line.partition(":")
    return {"name": name.strip(), "password": password} if colon else {"name": name}


def _pair(line: str) -> dict[str, str]:
    claim, _, header = line.rpartition(":")  # claims may be URLs
    return {"claim": claim.strip(), "header": header.strip()}


def _field(action: str, name: str) -> Any:
    name, _, inner = name.partition(".")
    model = OBJECTS[name] if inner else _models[action]
    return next(field for field in msgspec.structs.fields(model) if field.encode_name == (inner or name))


def _default(action: str, name: str) -> Any:
    default = _field(action, name).default
    if "." in name and not isinstance(default, tuple):
        return None  # of an object that may be left out, what is not a list is said by a hint
    return None if default is msgspec.NODEFAULT else default


def _has_default(action: str, name: str) -> bool:
    return not _field(action, name).required
