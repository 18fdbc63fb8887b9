"""Leaving a process that has used Temporal's SDK."""

import os
import sys
import traceback
from collections.abc import Callable
from typing import NoReturn


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
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
