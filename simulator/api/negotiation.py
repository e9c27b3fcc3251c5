"""Which form an answer takes: JSON, YAML, protobuf; the object, a Table, or its metadata only."""

from __future__ import annotations

from typing import NamedTuple

from simulator.errors import ApiError

JSON = "application/json"
YAML = "application/yaml"
PROTOBUF = "application/vnd.kubernetes.protobuf"
ACCEPTED = (JSON, YAML, PROTOBUF)
WATCHED = f"{JSON};stream=watch"


class Form(NamedTuple):
    media_type: str = JSON
    kind: str = ""
    """``Table``, ``PartialObjectMetadata``, ``PartialObjectMetadataList``, ``APIGroupDiscoveryList`` or nothing."""
    group: str = ""
    version: str = ""

    @property
    def content_type(self) -> str:
        """As the answer's header names it."""
        if self.kind == "APIGroupDiscoveryList":
            return f"{self.media_type};g={self.group};v={self.version};as={self.kind}"
        return self.media_type


PLAIN = Form()
AS_KINDS = {
    "Table": ("meta.k8s.io", ("v1", "v1beta1")),
    "PartialObjectMetadata": ("meta.k8s.io", ("v1", "v1beta1")),
    "PartialObjectMetadataList": ("meta.k8s.io", ("v1", "v1beta1")),
    "APIGroupDiscoveryList": ("apidiscovery.k8s.io", ("v2",)),
}


def negotiate(accept: str, allowed: tuple[str, ...] = (), *, protobuf: bool = True) -> Form:
    """The first form in ``accept`` that can be made; ``allowed`` names the ``as=`` kinds of this endpoint.

    Raises ``ApiError`` (406) when there is none.
    """
    if not accept.strip():
        return PLAIN
    for clause in _clauses(accept):
        media_type, parameters = clause
        form = _form(media_type, parameters, allowed, protobuf)
        if form is not None:
            return form
    listed = ", ".join((JSON, YAML, PROTOBUF))
    message = f"only the following media types are accepted: {listed}"
    raise ApiError(406, "NotAcceptable", message)


def _form(media_type: str, parameters: dict[str, str], allowed: tuple[str, ...], protobuf: bool) -> Form | None:
    if media_type in ("*/*", "application/*"):
        media_type = JSON
    if media_type not in ACCEPTED or (media_type == PROTOBUF and not protobuf):
        return None
    kind = parameters.get("as", "")
    if not kind:
        return Form(media_type)
    group, versions = AS_KINDS.get(kind, ("", ()))
    if kind not in allowed or parameters.get("g") != group or parameters.get("v") not in versions:
        return None
    if media_type == PROTOBUF:
        return None
    return Form(media_type, kind, group, parameters["v"])


def _clauses(accept: str) -> list[tuple[str, dict[str, str]]]:
    """Media types with their parameters, by quality, then as they stand."""
    found: list[tuple[float, int, str, dict[str, str]]] = []
    for index, part in enumerate(accept.split(",")):
        media_type, *rest = (piece.strip() for piece in part.split(";"))
        parameters = dict(piece.partition("=")[::2] for piece in rest if "=" in piece)
        try:
            quality = float(parameters.get("q", "1"))
        except ValueError:
            quality = 0.0
        found.append((-quality, index, media_type.lower(), parameters))
    return [(media_type, parameters) for _, _, media_type, parameters in sorted(found, key=lambda one: one[:2])]
