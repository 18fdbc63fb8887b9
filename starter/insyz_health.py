"""Whether INSYZ can be reached from here, by the worker's own settings."""

import asyncio
import os
from dataclasses import dataclass

from insyz.errors import InsyzError

HEALTH_SECS = 5.0


@dataclass(frozen=True, slots=True)
class InsyzHealth:
    """`reachable` is None where nothing here says how to reach it; `detail` says why (not)."""

    reachable: bool | None
    detail: str


async def insyz_health() -> InsyzHealth:
    """Asks INSYZ's gateway, at most for HEALTH_SECS; submits nothing."""
    if not os.environ.get("INSYZ_URL"):
        return InsyzHealth(None, "not configured here: INSYZ_URL is not set")
    # Not before it is needed: these are the worker's modules, and take half a second.
    from insyz.settings import Settings, SettingsError
    from worker import gateway_for

    try:
        async with asyncio.timeout(HEALTH_SECS), gateway_for(Settings.load()) as gateway:
            await gateway.health()
    except SettingsError as error:
        return InsyzHealth(None, f"not configured here: {'; '.join(str(error).splitlines())}")
    except TimeoutError:
        return InsyzHealth(False, f"no answer within {HEALTH_SECS:g} s")
    except InsyzError as error:
        return InsyzHealth(False, f"{type(error).__name__}: {error}")
    return InsyzHealth(True, "")
