"""Our worker as a site has it."""

import bench.as_shipped  # noqa: F401
from starter.process import run_and_exit
from worker import main

if __name__ == "__main__":
    run_and_exit(main)
