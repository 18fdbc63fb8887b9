"""Sending a report once more that INSYZ already has."""

from pydantic import BaseModel, ConfigDict, Field


class Resend(BaseModel):
    """Who decided it, and why; recorded with the run and in the portal's history."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    by: str = Field(min_length=1, max_length=200)
    why: str = Field(min_length=1, max_length=2_000)
