"""Field validation: what is said of fields that are unknown or given twice (``fieldValidation=Strict|Warn|Ignore``).

What real answers say, and in which order, is in Kubernetes' test/integration/apiserver/field_validation_test.go:
JSON bodies name both kinds of fields in the order of the text, and a field that is both only as unknown; in YAML what
came twice is named by its line, and what is unknown in the order of names, since it was made JSON first; patches and
custom resources name what came twice first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from simulator.api.decoding import repetition
from simulator.api.request import Request
from simulator.errors import Cause, bad_request, invalid
from simulator.objects.resource import Resource

CREATE_OPTIONS = Resource("meta.k8s.io", "v1", "CreateOptions", "createoptions", "createoptions", False)
PATCH_OPTIONS = Resource("meta.k8s.io", "v1", "PatchOptions", "patchoptions", "patchoptions", False)
OPTIONS = {
    "POST": CREATE_OPTIONS,
    "PUT": Resource("meta.k8s.io", "v1", "UpdateOptions", "updateoptions", "updateoptions", False),
    "DELETE": Resource("meta.k8s.io", "v1", "DeleteOptions", "deleteoptions", "deleteoptions", False),
}
"""What a method's options are called when they are invalid; a PATCH's are PatchOptions."""
VALIDATION = ("Ignore", "Warn", "Strict")


class Warnings:
    """What ``fieldValidation=Warn`` (the default) says in Warning headers."""

    def __init__(self) -> None:
        self.texts: list[str] = []


class Text(NamedTuple):
    """A body as its text was: ``form`` is ``json``, ``yaml`` or ``patch``.

    ``repeated`` are the paths of fields that came more than once; in YAML whole sentences.
    """

    value: Any
    form: str = "patch"
    repeated: Sequence[str] = ()


def mode(request: Request) -> str:
    """Strict, Warn or Ignore. Raises ``ApiError`` (422)."""
    asked = request.query.get("fieldValidation") or "Warn"
    if asked not in VALIDATION:
        listed = ", ".join(f'"{one}"' for one in sorted(("", *VALIDATION)))
        message = f'Unsupported value: "{asked}": supported values: {listed}'
        options = OPTIONS.get(request.method, PATCH_OPTIONS)
        raise invalid(options, "", [Cause("FieldValueNotSupported", message, "fieldValidation")])
    return asked


def report(
    request: Request, text: Text, unknown: Sequence[str], title: str, warnings: Warnings, *, custom: bool
) -> None:
    """Refuse, warn of or ignore what was found. Raises ``ApiError`` (400, 422)."""
    asked = mode(request)
    if asked == "Ignore" or not (text.repeated or unknown):
        return
    first, then = _said(text, unknown, custom)
    if asked == "Warn":
        warnings.texts += [*first, *then]
        return
    if text.form == "yaml" and first:
        first = [_of_yaml(first)]
    raise bad_request(f"{title}strict decoding error: {', '.join([*first, *then])}")


def report_applied(request: Request, text: Text, warnings: Warnings) -> None:
    """The same for an apply patch, of which only what came twice is said. Raises ``ApiError`` (400, 422)."""
    asked = mode(request)
    if text.repeated and asked == "Strict":
        why = _of_yaml(text.repeated)
        raise bad_request(f"error strict decoding YAML: error converting YAML to JSON: {why}")
    if asked == "Warn":
        warnings.texts += text.repeated


def _of_yaml(lines: Sequence[str]) -> str:
    return "yaml: unmarshal errors:" + "".join(f"\n  {line}" for line in lines)


def _said(text: Text, unknown: Sequence[str], custom: bool) -> tuple[list[str], list[str]]:
    strangers = [f'unknown field "{path}"' for path in _ordered(text, unknown, custom)]
    if text.form == "yaml":
        return list(text.repeated), strangers
    if text.form == "patch" or custom:
        return [f'duplicate field "{path}"' for path in text.repeated], strangers
    texts = {path: f'duplicate field "{path}"' for path in text.repeated}
    texts.update((path, f'unknown field "{path}"') for path in unknown)
    places = {path: place for place, path in enumerate(repetition.in_order(text.value))}
    return [texts[path] for path in sorted(texts, key=lambda path: places.get(path, len(places)))], []


def _ordered(text: Text, unknown: Sequence[str], custom: bool) -> Sequence[str]:
    if custom or len(unknown) < 2:
        return sorted(unknown)
    places = {path: place for place, path in enumerate(repetition.in_order(text.value, by_name=True))}
    return sorted(unknown, key=lambda path: places.get(path, len(places)))
