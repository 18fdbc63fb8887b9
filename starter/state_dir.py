"""Where processes on this machine keep what outlives them: the server's file, locks, logs."""

import os
from pathlib import Path

from platformdirs import user_state_path

VARIABLE = "INSYZ_STATE_DIR"
SYSTEMD_VARIABLE = "STATE_DIRECTORY"
"""Set by systemd for a unit with `StateDirectory=`; several directories are joined by colons."""
ONLY_ITS_OWNER = 0o700


def state_dir() -> Path:
    """The directory, made where it is missing. Raises OSError when that is not possible."""
    directory = _named() or user_state_path("insyz")
    directory.mkdir(mode=ONLY_ITS_OWNER, parents=True, exist_ok=True)
    return directory


def _named() -> Path | None:
    named = os.environ.get(VARIABLE) or os.environ.get(SYSTEMD_VARIABLE, "").partition(":")[0]
    return Path(named).absolute() if named else None
