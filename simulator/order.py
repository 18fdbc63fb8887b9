"""A request for faults, as it comes over HTTP or from a file: which, and how they are chosen."""

from collections.abc import Mapping
from enum import StrEnum
from math import fsum
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    NonNegativeInt,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from simulator.fault import AnyFault, named_fault
from simulator.faults import FAULTS

EVERYONE = "*"
"""The subject of a script that is for every report without one of its own."""


FAULTS_AT_HAND = "faults"
"""In the context of a validation: the faults by name. Those of HTTP, unless told otherwise."""


class Target(StrEnum):
    """What can be made to fail: the endpoints of a gateway, the statements of a SQL Server."""

    SUBMIT = "submit"
    LOOKUP = "lookup"
    HEALTH = "health"
    LOGIN = "login"
    """SQL Server only."""
    COMMIT = "commit"
    """SQL Server only: a client's own transaction."""


def _parse_fault(value: object, info: ValidationInfo) -> AnyFault:
    """`"reset_after"`, `"status:503"` or `{"fault": "status", "code": 503}`."""
    if isinstance(value, AnyFault):
        return value
    parameters = {"fault": value} if isinstance(value, str) else value
    if not isinstance(parameters, Mapping) or not isinstance(parameters.get("fault"), str):
        raise ValueError('a fault is a name, or an object with its name as "fault"')
    faults: Mapping[str, AnyFault] = (info.context or {}).get(FAULTS_AT_HAND, FAULTS)
    others = {k: v for k, v in parameters.items() if k != "fault"}
    try:
        return named_fault(faults, parameters["fault"], **others)
    except ValidationError as error:
        raise ValueError(describe(error)) from error


OrderedFault = Annotated[AnyFault, BeforeValidator(_parse_fault)]


class Chance(BaseModel):
    """A fault of a mix, and how probable it is on any one request."""

    model_config = ConfigDict(extra="forbid")

    probability: Annotated[float, Field(ge=0, le=1)]
    fault: OrderedFault


def _parse_mix(mix: object) -> object:
    """`{name: probability}` or `{name: {"probability": p, …parameters}}`, as chances by name."""
    if not isinstance(mix, Mapping):
        return mix
    return {name: _parse_chance(name, value) for name, value in mix.items()}


def _parse_chance(name: str, value: object) -> dict[str, Any]:
    parameters = dict(value) if isinstance(value, Mapping) else {"probability": value}
    probability = parameters.pop("probability", None)
    return {"probability": probability, "fault": {**parameters, "fault": name}}


class FaultOrder(BaseModel):
    """Scripts (a list of faults per report, one for each request), or a random mix, or both."""

    model_config = ConfigDict(extra="forbid")

    target: Target = Target.SUBMIT
    script: dict[str, list[OrderedFault]] = Field(default_factory=dict)
    seed: int = 0
    mix: Annotated[dict[str, Chance], BeforeValidator(_parse_mix)] = Field(default_factory=dict)
    max_faults_per_report: NonNegativeInt | None = None

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if not self.script and not self.mix:
            raise ValueError("script or mix is needed")
        if fsum(chance.probability for chance in self.mix.values()) > 1:
            raise ValueError("mix: the probabilities add up to more than 1")
        return self


def describe(error: ValidationError) -> str:
    """What is wrong in one line: each problem after the path of its field, as `script.53773.0`."""
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(_with_path(p["loc"], p["msg"]) for p in problems)


def _with_path(location: tuple[int | str, ...], message: str) -> str:
    path = ".".join(map(str, location))
    message = message.removeprefix("Value error, ")
    return f"{path}: {message}" if path else message
