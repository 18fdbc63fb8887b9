"""How Temporal is reached, as its own tools are told: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE,
TEMPORAL_API_KEY, TEMPORAL_TLS…, or a profile in TEMPORAL_CONFIG_FILE (`temporalio.envconfig`)."""

from temporalio.envconfig import ClientConfig, ClientConnectConfig

from insyz.addresses import is_this_machine

DEFAULT_ADDRESS = "localhost:7233"
DEFAULT_NAMESPACE = "default"


class ConnectionSettingsError(Exception):
    """They are wrong, and no other try mends them; the text never shows what they hold."""


def connection_settings(address: str | None = None) -> ClientConnectConfig:
    """`address` instead of the configured one. Raises ConnectionSettingsError."""
    try:
        config = ClientConfig.load_client_connect_config()
    except OSError as error:
        raise ConnectionSettingsError(
            f"a file that TEMPORAL_TLS… names cannot be read: {error.filename}: {error.strerror}"
        ) from None
    except (RuntimeError, ValueError) as error:
        # What follows shows a line of the file, in which a key may stand.
        reason = str(error).partition("\n")[0]
        raise ConnectionSettingsError(f"TEMPORAL_… settings: {reason}") from None
    address = address or config.get("target_host") or DEFAULT_ADDRESS
    config["target_host"] = address
    config["namespace"] = config.get("namespace") or DEFAULT_NAMESPACE
    if config.get("api_key") and config.get("tls") is False and not stays_here(address):
        raise ConnectionSettingsError("TEMPORAL_TLS: an API key is not sent without TLS")
    return config


def stays_here(address: str) -> bool:
    """Whether `address` (host:port) is on this machine."""
    return is_this_machine(address.rpartition(":")[0].strip("[]"))
