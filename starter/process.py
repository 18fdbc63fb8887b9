"""Leaving a process that has used Temporal's SDK."""

import os
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

from insyz.legible import legible_lines

_before_exit: list[Callable[[], None]] = []


def before_exit(action: Callable[[], None]) -> None:
    """Has `action` run at the very end of `run_and_exit`. It must be quick, and bounded."""
    _before_exit.append(action)


def run_and_exit(main: Callable[[], int]) -> NoReturn:
    """Runs `main` and leaves the process at once, with its exit code.

    A process that used the SDK does not exit safely: the interpreter's finalisation races the
    threads of the SDK's core, and some runs in a hundred crash or hang. So all is flushed, and the
    process ends without finalisation. For the entry point of a process only.
    """
    code = 1
    try:
        code = main()
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 1
    except BaseException:
        sys.stderr.write(legible_lines(traceback.format_exc()))
    finally:
        sys.stdout.flush()
        for action in _before_exit:
            with suppress(Exception):
                action()
        sys.stderr.flush()
        os._exit(code)
