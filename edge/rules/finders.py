"""What runs for each request to find the rules that may match it; `index` makes them."""

from __future__ import annotations

from edge.rules.decision import Decision
from edge.rules.plan import Plan, walk
from edge.rules.request import Request


class Finder:
    """Decides by the rules that it was made of. Small objects and not closures: there are some for each application."""

    __slots__ = ()

    def decide(self, request: Request) -> Decision:
        """What the rules decide. Raises BadRequestError (`edge.rules.errors`), the client's fault, when a value cannot
        be filled in."""
        raise NotImplementedError


class ByHost(Finder):
    """Finds by the host."""

    __slots__ = ("_default", "_table")

    def __init__(self, table: dict[str, Finder], default: Finder) -> None:
        self._table = table
        self._default = default

    def decide(self, request: Request) -> Decision:
        return self._table.get(request.host, self._default).decide(request)


class ByMethod(Finder):
    """Finds by the method."""

    __slots__ = ("_default", "_table")

    def __init__(self, table: dict[str, Finder], default: Finder) -> None:
        self._table = table
        self._default = default

    def decide(self, request: Request) -> Decision:
        return self._table.get(request.method, self._default).decide(request)


class InOrder(Finder):
    """Asks the rules that are left one after another."""

    __slots__ = ("_plan",)

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def decide(self, request: Request) -> Decision:
        return walk(self._plan, request)


class ByPath(Finder):
    """Finds by the whole path, else by the longest of the prefixes, whose `lengths` fall."""

    __slots__ = ("_default", "_lengths", "_prefixes", "_whole")

    def __init__(
        self, whole: dict[str, Plan], prefixes: dict[str, Plan], lengths: tuple[int, ...], default: Plan
    ) -> None:
        self._whole = whole
        self._prefixes = prefixes
        self._lengths = lengths
        self._default = default

    def decide(self, request: Request) -> Decision:
        path = request.path
        plan = self._whole.get(path)
        if plan is not None:
            return walk(plan, request)
        prefixes = self._prefixes
        for length in self._lengths:
            plan = prefixes.get(path[:length])
            if plan is not None:
                return walk(plan, request)
        return walk(self._default, request)
