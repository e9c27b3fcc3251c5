"""Which form an Accept header asks for."""

from __future__ import annotations

import pytest

from simulator.api.negotiation import Form, negotiate
from simulator.errors import ApiError

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


@pytest.mark.parametrize(
    ("accept", "media_type", "kind"),
    [
        ("", "application/json", ""),
        ("*/*", "application/json", ""),
        ("application/yaml", "application/yaml", ""),
        ("application/vnd.kubernetes.protobuf,application/json", "application/vnd.kubernetes.protobuf", ""),
        (f"{TABLE},application/json", "application/json", "Table"),
        ("application/json;as=Table;v=v2;g=meta.k8s.io,application/json", "application/json", ""),
        ("application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json", "application/json", ""),
        ("application/json;q=0.5,application/yaml", "application/yaml", ""),
        ("application/json;q=many,application/yaml;q=0.1", "application/yaml", ""),
        ("text/html, application/json", "application/json", ""),
    ],
)
def test_the_first_form_that_can_be_made_by_quality(accept: str, media_type: str, kind: str) -> None:
    form = negotiate(accept, ("Table",))
    assert (form.media_type, form.kind) == (media_type, kind)


def test_without_a_form_that_can_be_made_it_is_406() -> None:
    with pytest.raises(ApiError) as refused:
        negotiate("text/html")
    assert (refused.value.code, refused.value.reason) == (406, "NotAcceptable")
    assert negotiate("application/vnd.kubernetes.protobuf,*/*", protobuf=False) == Form()
