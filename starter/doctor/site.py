"""What checks have found out for those that come after them."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from temporalio.client import Client

    from insyz.settings import Settings


class Workers(StrEnum):
    """Which workers this site counts on."""

    ALWAYS = "always"
    """One is there at all times, wherever."""
    HERE = "here"
    """One is there at all times, on this host."""
    ON_DEMAND = "on-demand"
    """One is started when there is work."""


@dataclass(slots=True)
class Site:
    """`settings` and `client` are set by the checks of those names (`client` by `temporal`)."""

    workers: Workers
    settings: "Settings" = field(init=False)
    client: "Client" = field(init=False)
