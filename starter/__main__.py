"""`python -m starter`, and the console script `insyz`."""

import gc
import os

LOADED_OBJECTS = 100_000


def entry_point() -> None:
    """What the console script calls."""
    # A starter is a short process that mostly loads modules. Collecting garbage while their objects
    # pile up takes a tenth of that, looking for plug-ins of pydantic's in all packages some more.
    gc.set_threshold(LOADED_OBJECTS)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

    from starter.cli import main
    from starter.process import run_and_exit

    run_and_exit(main)


if __name__ == "__main__":
    entry_point()
