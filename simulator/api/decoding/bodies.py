"""Request bodies: JSON, YAML or protobuf, decoded into the object that Kubernetes would see."""

from __future__ import annotations

import copy
import json
from typing import Any

import msgspec

from simulator.api.decoding import go_json, repetition
from simulator.api.decoding.field_validation import Text, Warnings, report
from simulator.api.negotiation import ACCEPTED, JSON, PROTOBUF, YAML
from simulator.api.request import Request
from simulator.errors import ApiError, bad_request
from simulator.extensions import structural
from simulator.objects import documents
from simulator.objects.resource import Object, Resource
from simulator.schema import protobuf, schema
from simulator.schema.normalise import Normaliser, WrongType

LIMIT = 3 * 1024 * 1024
"""The largest body that is read, in bytes (MaxRequestBodyBytes)."""


def unsupported_media(accepted: tuple[str, ...] = ACCEPTED) -> ApiError:
    listed = ", ".join(accepted)
    message = f"the body of the request was in an unknown format - accepted media types include: {listed}"
    return ApiError(415, "UnsupportedMediaType", message)


def media_type(request: Request) -> str:
    return request.header("content-type").partition(";")[0].strip().lower()


def read(request: Request, resource: Resource, warnings: Warnings, kind: str = "") -> Object:
    """The object in a request's body, normalised and checked against its type.

    ``kind`` names another type than the resource's, for subresources. Raises ``ApiError`` (400, 415).
    """
    declared = media_type(request) or JSON
    if declared not in ACCEPTED:
        raise unsupported_media()
    if declared == PROTOBUF:
        return _of_protobuf(request.body, resource, kind)
    try:
        text = parse(request, "yaml" if declared == YAML else "json")
    except Unreadable as error:
        why = str(error) if declared == YAML else f"couldn't get version/kind; json parse error: {error}"
        if kind != "DeleteOptions":
            why = f"the object provided is unrecognized (must be of type {kind or resource.kind}): {why}"
            why += f" ({_summary(request.body)})"
        raise bad_request(why) from None
    if text.value is None:
        text = text._replace(value={})  # Go's decoder leaves an object as it is at null
    if resource.custom is not None and not kind and isinstance(text.value, dict) and not text.value.get("kind"):
        shown = json.dumps(text.value, separators=(",", ":"), ensure_ascii=False)
        why = f"Object 'Kind' is missing in '{shown}' ({_summary(request.body)})"
        raise bad_request(f"the object provided is unrecognized (must be of type {resource.kind}): {why}")
    return checked(request, resource, text, warnings, kind)


class Unreadable(ValueError):
    """A body that is no JSON or YAML, in Go's words; whoever reads it knows what else to say."""


def parse(request: Request, form: str) -> Text:
    """A body's value. ``form`` is ``json``, ``yaml``, or ``patch`` (JSON). Raises ``Unreadable``."""
    if form == "yaml":
        return _of_yaml(request.body)
    try:
        return _of_json(request, request.body, form)
    except msgspec.DecodeError:
        raise Unreadable(go_json.complaint(request.body) or "json: cannot unmarshal number into Go value") from None
    except UnicodeDecodeError:  # Go takes it, with a replacement character
        whole = request.body.decode("utf-8", "replace").encode()
        try:
            return _of_json(request, whole, form)
        except (msgspec.DecodeError, RecursionError):
            raise Unreadable(go_json.complaint(whole) or go_json.TOO_DEEP) from None
    except RecursionError:
        raise Unreadable(go_json.complaint(request.body) or go_json.TOO_DEEP) from None


def _of_json(request: Request, body: bytes, form: str) -> Text:
    value = msgspec.json.decode(body)
    return Text(value, form, () if request.query.get("fieldValidation") == "Ignore" else repetition.of_json(body))


def _summary(body: bytes) -> str:
    """``summarizeData`` (apiserver/pkg/endpoints/handlers/rest.go): the beginning, as hex when it is no object."""
    if not body:
        return "<empty>"
    shown = body[:30].decode("utf-8", "replace") if body.startswith(b"{") else body[:30].hex()
    return f"{shown} ..." if len(body) > 30 else shown


def _of_yaml(body: bytes) -> Text:
    """Most of it is JSON (what kubectl applies), which is read many times faster as such. Raises ``Unreadable``."""
    try:
        value = msgspec.json.decode(body)
        if not repetition.of_json(body):
            return Text(value, "yaml")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        found = documents.read(body)
    except documents.BadYaml as error:
        raise Unreadable(f"error converting YAML to JSON: yaml: {error}") from None
    first = found[0] if found else documents.Document(None, [])
    return Text(first.value, "yaml", first.repeated)


def checked(request: Request, resource: Resource, text: Text, warnings: Warnings, kind: str = "") -> Object:
    """What was read as an object of the resource's kind. Raises ``ApiError`` (400, 422)."""
    made, unknown = decoded(resource, text.value, kind)
    title = _title(made["kind"], made["apiVersion"])
    report(request, text, unknown, title, warnings, custom=resource.custom is not None)
    return made


def decoded(resource: Resource, value: Any, kind: str = "") -> tuple[Object, list[str]]:
    """A value as an object of the resource's kind, its types right; and the paths of fields that it should not have.

    Raises ``ApiError`` (400).
    """
    if not isinstance(value, dict):
        raise bad_request(
            f"couldn't get version/kind; json parse error: json: cannot unmarshal {json_type(value)} "
            'into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; '
            'Kind string "json:\\"kind,omitempty\\"" }'
        )
    wanted_version, wanted_kind, type_name = _wanted(resource, kind)
    if kind == "DeleteOptions" and value.get("kind") in (None, "", kind):
        value = {**value, "apiVersion": wanted_version}  # every group serves its own DeleteOptions
    _check_kind(value, wanted_version, wanted_kind)
    rest = {key: part for key, part in value.items() if key not in ("kind", "apiVersion")}
    head: Object = {"kind": wanted_kind, "apiVersion": wanted_version}
    if not type_name:
        unknown = _loosely(rest, wanted_kind, wanted_version)
        if resource.custom is not None:
            rest = copy.deepcopy(rest)  # an apply goes on with what was given
            unknown += structural.prune(resource.custom.schema, rest)
            structural.default(resource.custom.schema, rest)
        return {**head, **rest}, unknown
    normaliser = Normaliser()
    try:
        normalised = normaliser.struct(schema().get(type_name), rest)
    except WrongType as error:
        raise bad_request(_title(wanted_kind, wanted_version) + str(error)) from None
    except RecursionError:
        raise bad_request(_title(wanted_kind, wanted_version) + "object is nested too deeply") from None
    return {**head, **normalised}, normaliser.unknown


def _check_kind(value: Object, wanted_version: str, wanted_kind: str) -> None:
    given_kind, given_version = value.get("kind") or wanted_kind, value.get("apiVersion") or wanted_version
    if (given_version, given_kind) == (wanted_version, wanted_kind):
        return
    if given_kind == wanted_kind:
        raise bad_request(
            f"the API version in the data ({given_version}) does not match the expected API version ({wanted_version})"
        )
    version = str(given_version).rpartition("/")[2]
    raise bad_request(
        f'{given_kind} in version "{version}" cannot be handled as a {wanted_kind}: converting '
        f"({version}.{given_kind}) to ({wanted_kind}): unknown conversion"
    )


def _title(kind: str, api_version: str) -> str:
    return f'{kind} in version "{api_version.rpartition("/")[2]}" cannot be handled as a {kind}: '


def _wanted(resource: Resource, kind: str) -> tuple[str, str, str]:
    if not kind or kind == resource.kind:
        return resource.api_version, resource.kind, resource.schema
    known = {
        "Scale": ("autoscaling/v1", "autoscaling/v1.Scale"),
        "TokenRequest": ("authentication.k8s.io/v1", "authentication/v1.TokenRequest"),
        "Eviction": ("policy/v1", "policy/v1.Eviction"),
        "DeleteOptions": ("v1", "meta/v1.DeleteOptions"),
        "Binding": ("v1", "core/v1.Binding"),
    }
    api_version, type_name = known[kind]
    return api_version, kind, type_name


def _loosely(value: Object, kind: str, api_version: str) -> list[str]:
    """The least an object without a known type needs, so that nothing after this meets a surprise.

    Answers the paths of unknown fields.
    """
    metadata = value.setdefault("metadata", {})
    normaliser = Normaliser()
    try:
        value["metadata"] = normaliser.struct(schema().get("meta/v1.ObjectMeta"), metadata)
    except WrongType as error:
        raise bad_request(f'{kind} in version "{api_version}" cannot be handled as a {kind}: {error}') from None
    return [f"metadata.{path}" for path in normaliser.unknown]


def _of_protobuf(body: bytes, resource: Resource, kind: str) -> Object:
    wanted_version, wanted_kind, type_name = _wanted(resource, kind)
    try:
        api_version, given_kind, raw = protobuf.unwrap(body)
        if (api_version or wanted_version, given_kind or wanted_kind) != (wanted_version, wanted_kind):
            raise bad_request(
                f'{given_kind} in version "{api_version}" cannot be handled as a {wanted_kind}: converting '
                f"({given_kind}) to ({wanted_kind}): unknown conversion"
            )
        if not type_name:
            raise unsupported_media((JSON, YAML))
        decoded = protobuf.decode(schema().get(type_name), raw)
        return {
            "kind": wanted_kind,
            "apiVersion": wanted_version,
            **Normaliser().struct(schema().get(type_name), decoded),
        }
    except (protobuf.Malformed, WrongType) as error:
        raise bad_request(
            f'{wanted_kind} in version "{wanted_version}" cannot be handled as a {wanted_kind}: proto: {error}'
        ) from None


def json_type(value: Any) -> str:
    return {str: "string", bool: "bool", int: "number", float: "number", list: "array"}.get(type(value), "null")
