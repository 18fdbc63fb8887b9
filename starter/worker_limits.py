"""The limits after which a worker leaves, and their options on the command line."""

import argparse
from dataclasses import dataclass
from typing import Self

from starter.arguments import amount, count

IDLE_SECS = 10.0


@dataclass(frozen=True, slots=True)
class Limits:
    """None: no such limit. The first one that is reached counts.

    `reports`: so many have come to their end. `idle_secs`: for so long nothing was under way, and
    no report needs a worker soon. `time_secs`: since the start. `quiet_secs`: no try has been under
    way for so long, whatever is open. `memory_mb`: resident, in MiB.
    """

    reports: int | None = None
    idle_secs: float | None = None
    time_secs: float | None = None
    quiet_secs: float | None = None
    memory_mb: float | None = None

    @classmethod
    def of(cls, args: argparse.Namespace) -> Self:
        """What `add_options` has read."""
        return cls(
            reports=args.limit,
            idle_secs=args.until_idle,
            time_secs=args.time_limit,
            quiet_secs=args.quiet_limit,
            memory_mb=args.memory_limit,
        )

    def options(self) -> list[str]:
        """The same as options of a command line."""
        given = {
            "--limit": self.reports,
            "--until-idle": self.idle_secs,
            "--time-limit": self.time_secs,
            "--quiet-limit": self.quiet_secs,
            "--memory-limit": self.memory_mb,
        }
        return [f"{name}={value}" for name, value in given.items() if value is not None]


ON_DEMAND = Limits(idle_secs=IDLE_SECS, quiet_secs=60.0)
"""Of the on-demand worker, unless it is told otherwise."""


def add_options(parser: argparse.ArgumentParser, defaults: Limits | None = None) -> None:
    """The options that `Limits.of` reads."""
    defaults = defaults or Limits()
    group = parser.add_argument_group(
        "limits", "the first one reached counts; what is under way is finished in any case"
    )
    group.add_argument(
        "--limit",
        type=count,
        metavar="N",
        default=defaults.reports,
        help="leave after N reports have come to their end",
    )
    group.add_argument(
        "--until-idle",
        type=amount,
        nargs="?",
        const=IDLE_SECS,
        metavar="SECONDS",
        default=defaults.idle_secs,
        help=f"leave when there has been nothing to do for so long ({IDLE_SECS:g}); a report that "
        "waits for a person or for more than a minute does not keep it",
    )
    group.add_argument(
        "--time-limit",
        type=amount,
        metavar="SECONDS",
        default=defaults.time_secs,
        help="leave so long after the start",
    )
    group.add_argument(
        "--quiet-limit",
        type=amount,
        metavar="SECONDS",
        default=defaults.quiet_secs,
        help="leave when no try has been under way for so long, whatever is open",
    )
    group.add_argument(
        "--memory-limit",
        type=amount,
        metavar="MB",
        default=defaults.memory_mb,
        help="leave when more memory than this is used (resident)",
    )
