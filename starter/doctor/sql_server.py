"""INSYZ's SQL Server, where no gateway stands before it: as far as its own diagnosis comes.

Nothing is submitted, and no key is asked for: that would open a round in the ledger.
"""

import asyncio
from importlib import import_module

from insyz.settings import Settings
from starter.doctor.examination import Trouble


async def sql_server(settings: Settings) -> str:
    await asyncio.to_thread(import_module, "insyz.sql_assembly")
    from insyz.sql_assembly import sql_gateway

    async with sql_gateway(settings) as gateway:
        checks = await gateway.diagnose()
    wrong = [check for check in checks if not check.ok]
    if wrong:
        seen = "; ".join(f"{check.name}: {check.found}" for check in wrong)
        raise Trouble(seen, wrong[0].advice)
    return "; ".join(f"{check.name}: {check.found}" for check in checks)
