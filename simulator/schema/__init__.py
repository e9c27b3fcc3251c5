"""The types of Kubernetes' API as data: names, order, protobuf numbers, how they are merged.

``types.txt`` has one paragraph a type: its name, then a line a field: JSON name, protobuf number, type, flags
(``o`` omitempty, ``z`` omitzero, ``p`` pointer, ``i`` inlined in JSON, ``-`` none) and the patch strategy where there
is one. It says what Kubernetes 1.37's own types say in their struct tags. From it come field validation, the order and
the zero values of answers, protobuf bodies, strategic merge, managed fields and the OpenAPI documents.
"""

from simulator.schema.types import SCALARS, Field, Schema, Type, schema

__all__ = ["SCALARS", "Field", "Schema", "Type", "schema"]
