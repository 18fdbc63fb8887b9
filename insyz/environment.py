"""Settings as they come from the environment, and secrets from files that it names."""

from typing import Any, Self, get_args

from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from insyz.secret_files import secrets_in_files


class SettingsError(Exception):
    """Settings are missing or wrong; the text names each variable on a line of its own."""


class FromEnvironment(BaseSettings):
    """Every field is a variable; that of a secret may be replaced by `…_FILE`."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, env_ignore_empty=True)

    @classmethod
    def secrets(cls) -> list[str]:
        """The variables that hold secrets."""
        fields = cls.model_fields.items()
        return [name.upper() for name, field in fields if _is_secret(field.annotation)]

    @classmethod
    def load(cls, **overrides: Any) -> Self:
        """Raises SettingsError."""
        secrets = [name for name in cls.secrets() if name.lower() not in overrides]
        found, wrong = secrets_in_files(secrets)
        in_files = {name.lower(): SecretStr(secret) for name, secret in found.items()}
        try:
            loaded = cls(**(in_files | overrides))
        except ValidationError as error:
            lines = [line for name, line in _lines(error) if name not in wrong]
        else:
            lines = []
        if lines or wrong:
            raise SettingsError("\n".join([*wrong.values(), *lines]))
        return loaded


def _is_secret(annotation: Any) -> bool:
    return annotation is SecretStr or any(map(_is_secret, get_args(annotation)))


def _lines(error: ValidationError) -> list[tuple[str, str]]:
    """The variable (empty where several are concerned) and a line about it, which never shows the
    value itself: it may be a secret."""
    wrong = error.errors(include_url=False, include_input=False, include_context=False)
    told = []
    for detail in wrong:
        name = str(detail["loc"][0]).upper() if detail["loc"] else ""
        words = _PLAIN.get(detail["type"], detail["msg"])
        told.append((name, f"{name}: {words}" if name else words))
    return told


_PLAIN = {"missing": "not set"}
