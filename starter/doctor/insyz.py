"""Checks of what lies beyond the pipeline: INSYZ and the portal's database. Nothing is submitted.

The gateway and the store are the worker's own, so that what is checked is what works.
"""

import asyncio
from importlib import import_module

from insyz.errors import AuthenticationError, InsyzError, OutcomeUnknownError
from insyz.gateway import Delivery
from starter.doctor.examination import Check, NotApplicable, Trouble
from starter.doctor.site import Site
from starter.doctor.sql_server import sql_server

NO_SUCH_KEY = "zp-0-insyz-doctor"
"""Keys are made of a positive id_zp and a hash: nothing was ever taken under this one."""


async def insyz(site: Site) -> str:
    if site.settings.sql_address is not None:
        return await sql_server(site.settings)
    await _loaded()
    from worker import gateway_for

    async with gateway_for(site.settings) as gateway:
        try:
            await gateway.health()
        except AuthenticationError as error:
            raise Trouble(f"INSYZ refuses the credentials: {error}", TOKEN) from None
        except InsyzError as error:
            raise Trouble(str(error)) from None
    return f"{site.settings.insyz_url} is well"


async def credentials(site: Site) -> str:
    """By a look-up, where there is one: only that and a submission want the token."""
    from worker import gateway_for

    if site.settings.sql_address is not None:
        raise NotApplicable("login and rights at the SQL Server belong to the check insyz")
    delivery = site.settings.insyz_delivery
    if delivery is Delivery.BLIND:
        raise NotApplicable("a blind gateway has no look-up to try the token with")
    async with gateway_for(site.settings) as gateway:
        try:
            await gateway.find(NO_SUCH_KEY)
        except OutcomeUnknownError as error:
            if delivery is Delivery.IDEMPOTENT:
                raise NotApplicable(str(error)) from None
            raise Trouble(str(error), NO_LOOK_UP) from None
        except InsyzError as error:
            raise Trouble(str(error)) from None
    return "the look-up answers, the token is accepted"


async def portal_database(site: Site) -> str:
    await _loaded()
    from insyz.store import StoreError
    from worker import store_for

    store = store_for(site.settings)
    if store is None:
        raise NotApplicable("REPORTS_DATABASE_URL is not set")
    async with store:
        try:
            await store.check()
        except StoreError as error:
            raise Trouble(str(error)) from None
    return "both tables can be read, `reports` can be written"


async def _loaded() -> None:
    """The worker's modules take a second, during which the other checks must not stand still."""
    await asyncio.to_thread(import_module, "worker")


TOKEN = "set the INSYZ_TOKEN that INSYZ has given you; reports fail until then"  # noqa: S105
NO_LOOK_UP = (
    "set INSYZ_URL to the gateway itself, or INSYZ_DELIVERY to what it is: without a look-up a "
    "`lookup` gateway is a `blind` one"
)
CHECKS = (
    Check(
        "insyz",
        insyz,
        "is INSYZ_URL right, and can this machine reach it? Reports wait (INSYZ_PATIENCE_HOURS) "
        "and go on by themselves",
        needs=("settings",),
    ),
    Check("credentials", credentials, TOKEN, needs=("insyz",)),
    Check(
        "portal-database",
        portal_database,
        "is REPORTS_DATABASE_URL right, and may its role read both tables and update `reports`? "
        "Outcomes wait until it does",
        needs=("settings",),
    ),
)
