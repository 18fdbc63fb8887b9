"""How many examples: few and always the same in a test run, new ones for as long as `make fuzz`."""

import os

from hypothesis import HealthCheck, Phase, settings

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))

settings.register_profile(
    "tests",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=40,
    # What each test gets anew is the environment, which examples leave as it is.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.register_profile(
    "fuzz",
    settings.get_profile("tests"),
    derandomize=False,
    max_examples=EXAMPLES or 1,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    print_blob=True,
)
settings.load_profile("fuzz" if EXAMPLES else "tests")
