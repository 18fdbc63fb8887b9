"""Settings and secrets: any text in any variable is used, or refused without being repeated."""

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from pydantic import SecretStr

from insyz.http_gateway import HttpGateway
from insyz.settings import Settings, SettingsError
from insyz.webhook import OutcomeWebhook, signature
from tests.hostile.strategies import unicode_texts

GOOD = {
    "INSYZ_URL": "http://127.0.0.1:1",
    "INSYZ_TOKEN": "only-for-tests",
    "OUTCOME_WEBHOOK_URL": "http://127.0.0.1:1",
    "OUTCOME_WEBHOOK_SECRET": "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz",
}
environment = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=30)
addresses = st.one_of(
    environment,
    st.builds("{}://{}".format, st.sampled_from(["http", "https", "HTTP"]), environment),
    st.sampled_from(
        ["http://[", "http://[::1]", "https://a b", "https://a\n", "https://xn--a",
         "https://a:99999", "https://%zz", "https://ěšč.cz", "https://@a",
         "https://" + "a" * 5_000, "https://a?b#c"]
    ),
)  # fmt: skip
secrets = st.one_of(
    environment,
    environment.map("whsec_{}".format),
    st.from_regex(r"[A-Za-z0-9+/]{0,40}={0,3}", fullmatch=True),
)


def loaded(**variables: str) -> Settings | str:
    """The settings, or the words about what is wrong with them."""
    with pytest.MonkeyPatch.context() as environ:
        for name, value in (GOOD | variables).items():
            environ.setenv(name, value)
        try:
            return Settings.load()
        except SettingsError as error:
            return str(error)


@given(addresses, st.sampled_from(["INSYZ_URL", "OUTCOME_WEBHOOK_URL"]))
def test_an_address_that_is_accepted_can_be_used(address: str, variable: str) -> None:
    settings = loaded(**{variable: address})
    if isinstance(settings, str):
        assert settings.startswith(variable) or "INSYZ_ALLOW_HTTP" in settings
        assert settings.isprintable()
    else:
        assert settings.insyz_token is not None
        HttpGateway(settings.insyz_url, settings.insyz_token)
        OutcomeWebhook(
            settings.outcome_webhook_url or GOOD["INSYZ_URL"],
            settings.outcome_webhook_secret or SecretStr(""),
            request_secs=1,
        )


@given(secrets, st.sampled_from(["INSYZ_TOKEN", "OUTCOME_WEBHOOK_SECRET", "INSYZ_PAYLOAD_KEYS"]))
@example("whsec_ěščřžýáíé", "OUTCOME_WEBHOOK_SECRET")
def test_a_secret_is_accepted_or_refused_without_being_repeated(secret: str, variable: str) -> None:
    settings = loaded(**{variable: secret})
    if not isinstance(settings, str):
        assert secret == "" or secret not in repr(settings)
        return
    assert settings.startswith(variable)
    assert len(secret) <= len("whsec_") or secret not in settings


@given(environment, st.sampled_from([name.upper() for name in Settings.model_fields]))
def test_any_text_in_any_variable_is_used_or_refused(text: str, variable: str) -> None:
    settings = loaded(**{variable: text})
    assert not isinstance(settings, str) or settings


@given(st.binary(min_size=1), unicode_texts, st.integers(0, 2**40), st.binary())
def test_a_signature_fits_one_message_only(
    key: bytes, message_id: str, timestamp: int, body: bytes
) -> None:
    signed = signature(key, message_id, timestamp, body)
    assert signed.startswith("v1,")
    assert signed.isprintable()
    assert signed == signature(key, message_id, timestamp, body)
    others = {
        signature(key, message_id, timestamp, body + b"x"),
        signature(key, message_id, timestamp + 1, body),
        signature(key, f"{message_id}x", timestamp, body),
        signature(b"x" + key, message_id, timestamp, body),
    }
    assert signed not in others


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_other_bodies_have_other_signatures(first: bytes, second: bytes) -> None:
    assume(first != second)
    assert signature(b"key", "run", 1, first) != signature(b"key", "run", 1, second)
