"""What all faults have in common, whatever they spoil: a name, and parameters."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict


class AnyFault(BaseModel):
    """One way for a request to go. The fields are its parameters."""

    model_config = ConfigDict(frozen=True, extra="forbid")


F = TypeVar("F", bound=AnyFault)


def named_fault(faults: Mapping[str, F], name: str, **parameters: Any) -> F:
    """The fault of that name. `name:value` sets its first parameter, as in `status:503`.

    Raises:
        ValueError: no such fault; a `pydantic.ValidationError` when a parameter is wrong.
    """
    name, _, value = name.partition(":")
    if name not in faults:
        raise ValueError(f"no fault is named {name!r}; there are {', '.join(faults)}")
    usual = faults[name]
    if value:
        first = next(iter(type(usual).model_fields), "value")
        parameters = {first: value, **parameters}
    return type(usual).model_validate({**usual.model_dump(), **parameters})
