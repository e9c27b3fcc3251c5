"""From a file to the cases to run: typed, its names checked, its parameters multiplied out.

Everything that is wrong is said at once, each with file, line and key, before anything starts.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from scenarios import marks
from scenarios.converting import Wrong, convert, nearest
from scenarios.errors import FileError, Problem
from scenarios.marks import Marked, Position, written
from scenarios.model import Json, Modifiers, Need, Scenario
from scenarios.registry import registry
from scenarios.repeating import expanded
from scenarios.steps.base import Action, Expectation, brief

T = TypeVar("T")
_PARAMETER = re.compile(r"\$\{([\w-]+)\}")
MOST_CASES = 1_000
_LACKING: dict[Need, str] = {
    "simulator": "can only be done to the simulator",
    "api-server": "can only be done to the API server of the simulator or of a kind cluster",
    "nodes": "can only be done to the nodes of a kind cluster",
    "clusters": "needs a target that can have several clusters: the simulator",
}
_MODIFIERS = tuple(field.encode_name for field in msgspec.structs.fields(Modifiers))


class Step(msgspec.Struct, frozen=True):
    """One step, read: `key` is the action's or the expectation's name in the file, `line` counts from 1."""

    key: str
    deed: Action | Expectation
    modifiers: Modifiers
    line: int

    @property
    def title(self) -> str:
        if isinstance(self.deed, Action):
            where = f" in {self.modifiers.cluster}" if self.modifiers.cluster else ""
            return self.modifiers.name or self.deed.title(self.key).rstrip() + where
        words = [f"{name.rstrip('_')} {value}" for name, value in _given(self.modifiers) if name != "name"]
        return self.modifiers.name or " ".join([f"expect {self.deed.expected()}", *words])


def _given(modifiers: Modifiers) -> list[tuple[str, Any]]:
    found: dict[str, Any] = msgspec.to_builtins(modifiers)
    return [(name, value if value is not True else "") for name, value in found.items()]


class Case(msgspec.Struct, frozen=True):
    """One run of one file. `parameters` are those of the matrix that this case has."""

    path: Path
    scenario: Scenario
    steps: tuple[Step, ...]
    finally_: tuple[Step, ...]
    invariants: tuple[Step, ...]
    parameters: Json

    @property
    def title(self) -> str:
        values = ", ".join(
            f"{name}={f'{{{brief(value)}}}' if isinstance(value, dict) else value}"
            for name, value in self.parameters.items()
        )
        return f"{self.scenario.title} [{values}]" if values else self.scenario.title

    def lacking(self, offers: Sequence[Need]) -> str:
        """Why it cannot run on a target that offers these; empty when it can."""
        for step in (*self.steps, *self.finally_):
            need = step.deed.needed() if isinstance(step.deed, Action) else None
            if need is not None and need not in offers:
                return f"line {step.line}: {step.key} {_LACKING[need]}"
        if self.scenario.given.faults and "simulator" not in offers:
            return f"given.faults {_LACKING['simulator']}"
        if self.scenario.given.clusters and "clusters" not in offers:
            return f"given.clusters {_LACKING['clusters']}"
        if self.scenario.given.time_factor != 1 and "simulator" not in offers:
            return f"given.time_factor {_LACKING['simulator']}"
        for need in self.scenario.target.needs if self.scenario.target else []:
            if need not in offers:
                return f"target.needs {need}, which this target is not or has not"
        return ""


def load(path: Path) -> list[Case]:
    """The cases of one file. FileError with everything that is wrong."""
    return cases(marks.load(path), path)


def cases(marked: Marked, path: Path) -> list[Case]:
    """The cases of a file that is read already."""
    from scenarios.checking import problems_of

    marked = expanded(marked, path)
    parameters = marked.data.get("parameters") if isinstance(marked.data, dict) else None
    names = list(parameters) if isinstance(parameters, dict) else []
    lists = [value if isinstance(value, list) and value else [None] for value in (parameters or {}).values()]
    if (number := math.prod(map(len, lists))) > MOST_CASES:
        line = marked.line(("parameters",))
        message = f"expected at most {MOST_CASES:,} combinations, these are {number:,}"
        raise FileError(path, [Problem(line, "parameters", message)])
    found, problems = [], set[Problem]()
    for values in itertools.product(*lists) if names else [()]:
        reading = _Reading(marked)
        case = reading.case(path, dict(zip(names, values, strict=True)))
        if case is not None and not reading.problems:
            reading.problems += problems_of(case, marked)
        problems.update(reading.problems)
        if case is not None:
            found.append(case)
    if problems:
        raise FileError(path, list(problems))
    return found


class _Reading:
    """Reads one case, and collects what is wrong."""

    def __init__(self, marked: Marked) -> None:
        self._marked = marked
        self._registry = registry()
        self.problems: list[Problem] = []

    def case(self, path: Path, parameters: Json) -> Case | None:
        data = self._filled(self._marked.data, parameters, ())
        if not isinstance(data, dict):
            self._problem((), "expected a map with `title` and `steps`")
            return None
        scenario = self._typed(data, Scenario, ())
        if scenario is None:
            return None
        return Case(
            path,
            scenario,
            tuple(self._steps(scenario.steps, ("steps",))),
            tuple(self._steps(scenario.finally_, ("finally",))),
            tuple(self._invariants(scenario.invariants)),
            parameters,
        )

    def _filled(self, value: Any, parameters: Json, position: Position) -> Any:
        """`value` with `${name}` replaced; a text that is nothing else becomes the parameter itself."""
        if position[:1] == ("parameters",):
            return value
        if isinstance(value, dict):
            return {key: self._filled(item, parameters, (*position, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self._filled(item, parameters, (*position, index)) for index, item in enumerate(value)]
        if not isinstance(value, str) or not parameters:
            return value
        for name in _PARAMETER.findall(value):
            if name not in parameters:
                self._problem(position, f"there is no parameter {name!r}{nearest(name, list(parameters))}")
                return value
        whole = _PARAMETER.fullmatch(value)
        return parameters[whole[1]] if whole else _PARAMETER.sub(lambda found: str(parameters[found[1]]), value)

    def _steps(self, steps: list[Json], position: Position) -> Iterator[Step]:
        for index, step in enumerate(steps):
            if (read := self._step(step, (*position, index))) is not None:
                yield read

    def _invariants(self, invariants: list[Json]) -> Iterator[Step]:
        for index, wanted in enumerate(invariants):
            position: Position = ("invariants", index)
            name = wanted.get("name", "")
            rest = {key: value for key, value in wanted.items() if key != "name"}
            expectation = self._expectation(rest, position)
            if expectation is not None:
                modifiers = Modifiers(name=str(name))
                yield Step(expectation.subject, expectation, modifiers, self._marked.line(position))

    def _step(self, step: Json, position: Position) -> Step | None:
        modifiers = self._typed({k: v for k, v in step.items() if k in _MODIFIERS}, Modifiers, position)
        keys = [key for key in step if key not in _MODIFIERS]
        actions = self._registry.actions
        known = [key for key in keys if key in actions or key == "expect"]
        for key in keys:
            if key not in known:
                hint = nearest(key, [*actions, "expect", *_MODIFIERS])
                unusable = self._registry.unusable.get(key)
                self._problem((*position, key), unusable or f"there is no such action{hint}")
        if len(known) != 1:
            if len(known) == len(keys):
                listed = f"got {', '.join(known)}" if known else "got none"
                self._problem(position, f"expected exactly one action or `expect` in a step, {listed}")
            return None
        key, line = known[0], self._marked.line(position)
        deed = self._deed(key, step[key], (*position, key))
        if deed is None or modifiers is None or len(keys) != 1:
            return None
        return Step(key, deed, modifiers, line)

    def _deed(self, key: str, value: Any, position: Position) -> Action | Expectation | None:
        if key == "expect":
            return self._expectation(value, position)
        short = self._registry.short.get(key)
        written_short = bool(short) and not (isinstance(value, dict) and ("apiVersion" not in value))
        if written_short:
            single = value is not None and short == "manifests" and not isinstance(value, list)
            value = {short: [value] if single else value} if value is not None else {}
        kind = self._registry.actions[key]
        return self._typed({} if value is None else value, kind, position, (short or "") if written_short else "")

    def _expectation(self, value: Any, position: Position) -> Expectation | None:
        expectations = self._registry.expectations
        if not isinstance(value, dict):
            self._problem(position, f"expected a map that names one of {', '.join(expectations)}")
            return None
        subjects = [key for key in value if key in expectations]
        # a subject may be a field of another expectation (`gateway` of a metric): the one written first is meant
        if not subjects:
            first = next(iter(value), "")
            hint = nearest(first, list(expectations))
            message = self._registry.unusable.get(first) or f"nothing called that can be expected{hint}"
            self._problem((*position, first) if first else position, message)
            return None
        return self._typed(value, expectations[subjects[0]], position)

    def _typed(self, value: Any, kind: type[T], position: Position, short: str = "") -> T | None:
        """`value` as `kind`, or what is wrong said. `short` is a key that the file need not write."""
        try:
            return convert(value, kind)
        except Wrong as wrong:
            inner = wrong.position[1:] if short and wrong.position[:1] == (short,) else wrong.position
            self._problem((*position, *inner), wrong.message)
            return None

    def _problem(self, position: Position, message: str) -> None:
        self.problems.append(Problem(self._marked.line(position), written(position), message))
