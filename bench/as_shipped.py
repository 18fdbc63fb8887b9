"""Imported first, it makes a process what it is where requirements.txt is all that is installed.

The linters of this environment bring click along, and httpx loads its command line, with rich and
Pygments, where it finds that: 5 MB that no worker of a site has.
"""

import sys

sys.modules["click"] = None  # type: ignore[assignment]  # so importing it fails
