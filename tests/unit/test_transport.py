"""How requests leave this machine: TLS, certificates, proxies, redirects; over real sockets."""

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr

from insyz.errors import InsyzUnavailable, InvalidReportError
from insyz.gateway import Submission
from insyz.webhook import WebhookError
from simulator.faults import fault
from simulator.server import Simulator
from tests.conftest import scaled_down
from tests.receiver import SECRET, Receiver
from tests.transport import Authority, Proxy, tls_before
from worker import gateway_for, webhook_for

SUBMISSION = Submission(key="zp-53773-abc", xml='<ZP id_zp="53773" cislo_zp="S"/>', uzivatel="1955")


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def port_of(url: str) -> int:
    return urlsplit(url).port or 0


@asynccontextmanager
async def over_tls(insyz: Simulator, context: ssl.SSLContext) -> AsyncIterator[str]:
    async with tls_before(port_of(insyz.url), context) as url:
        yield url


async def submitted(url: str, **settings: Any) -> None:
    async with gateway_for(scaled_down(url, **settings)) as gateway:
        await gateway.submit(SUBMISSION)


async def refused(url: str, **settings: Any) -> str:
    """Why nothing was sent."""
    with pytest.raises(InsyzUnavailable, match="cannot reach INSYZ") as error:
        await submitted(url, **settings)
    return str(error.value)


class TestTls:
    async def test_a_sites_own_authority_is_believed_where_it_is_named(
        self, insyz: Simulator, authority: Authority
    ) -> None:
        async with over_tls(insyz, authority.server()) as url:
            await submitted(url, insyz_ca_file=authority.file)
        assert insyz.stats()["taken"] == 1

    async def test_nothing_is_sent_to_one_whose_certificate_nobody_vouches_for(
        self, insyz: Simulator, authority: Authority, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # What turns the verification off elsewhere, or makes others believed.
        for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            monkeypatch.setenv(name, str(authority.file))
        monkeypatch.setenv("SSL_CERT_DIR", str(authority.file.parent))
        monkeypatch.setenv("PYTHONHTTPSVERIFY", "0")
        async with over_tls(insyz, authority.server()) as url:
            assert "CERTIFICATE_VERIFY_FAILED" in await refused(url)
        assert not insyz.requests

    async def test_nothing_is_sent_to_one_with_a_certificate_for_another_name(
        self, insyz: Simulator, authority: Authority
    ) -> None:
        async with over_tls(insyz, authority.server("insyz.example")) as url:
            assert "127.0.0.1" in await refused(url, insyz_ca_file=authority.file)
        assert not insyz.requests

    async def test_a_named_authority_stands_in_for_the_public_ones(
        self, authority: Authority
    ) -> None:
        context = scaled_down("https://insyz.example", insyz_ca_file=authority.file).insyz_tls
        assert context.context().cert_store_stats()["x509_ca"] == 1

    async def test_a_version_of_tls_that_is_too_old_is_refused(
        self, insyz: Simulator, authority: Authority
    ) -> None:
        old = authority.server()
        old.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        async with over_tls(insyz, old) as url:
            await refused(url, insyz_ca_file=authority.file)
        assert not insyz.requests

    async def test_a_client_certificate_is_shown_where_it_is_asked_for(
        self, insyz: Simulator, authority: Authority
    ) -> None:
        certificate, key = authority.client()
        both = {"insyz_client_cert_file": certificate, "insyz_client_key_file": key}
        async with over_tls(insyz, authority.server(wants_clients=True)) as url:
            await submitted(url, insyz_ca_file=authority.file, **both)
        assert insyz.stats()["taken"] == 1

    async def test_without_a_client_certificate_that_is_asked_for_nothing_arrives(
        self, insyz: Simulator, authority: Authority
    ) -> None:
        settings = scaled_down("https://127.0.0.1", insyz_ca_file=authority.file)
        async with over_tls(insyz, authority.server(wants_clients=True)) as url:
            at = settings.model_copy(update={"insyz_url": url})
            async with gateway_for(at) as gateway:
                with pytest.raises(InsyzUnavailable):
                    await gateway.find(SUBMISSION.key)
        assert not insyz.requests


class TestProxy:
    async def test_of_the_environment_sees_nothing(
        self, insyz: Simulator, authority: Authority, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with Proxy().listening() as proxy:
            for name in ("http_proxy", "https_proxy", "all_proxy"):
                monkeypatch.setenv(name, proxy.url)
                monkeypatch.setenv(name.upper(), proxy.url)
            await submitted(insyz.url)
            async with over_tls(insyz, authority.server()) as url:
                await submitted(url, insyz_ca_file=authority.file)
            receiver = Receiver()
            async with receiver.listening():
                await told(receiver.url)
        assert (proxy.seen, len(receiver.messages)) == ([], 1)

    async def test_that_is_asked_for_is_used_and_sees_no_more_than_where_to(
        self, insyz: Simulator, authority: Authority
    ) -> None:
        async with Proxy().listening() as proxy, over_tls(insyz, authority.server()) as url:
            with_password = SecretStr(proxy.url.replace("//", "//us:hidden@"))
            await submitted(url, insyz_ca_file=authority.file, insyz_proxy=with_password)
        (head,) = proxy.seen
        assert head.startswith(f"CONNECT 127.0.0.1:{port_of(url)} ")
        assert "Authorization: Basic" in head
        assert "Bearer" not in head
        assert insyz.stats()["taken"] == 1

    @pytest.mark.parametrize("refusal", ["407 Who are you", "403 No", "502 Bad", "200"])
    async def test_that_refuses_is_known_not_to_have_let_anything_through(
        self, insyz: Simulator, authority: Authority, refusal: str
    ) -> None:
        async with Proxy(refusal).listening() as proxy, over_tls(insyz, authority.server()) as url:
            words = await refused(
                url, insyz_ca_file=authority.file, insyz_proxy=SecretStr(proxy.url)
            )
        assert len(proxy.seen) == 1
        assert not insyz.requests
        assert refusal.partition(" ")[0] in words or refusal == "200"


async def told(url: str, **settings: Any) -> None:
    hook = {"outcome_webhook_url": url, "outcome_webhook_secret": SecretStr(SECRET)}
    webhook = webhook_for(scaled_down("https://insyz.example", **hook, **settings))
    assert webhook is not None
    async with webhook:
        await webhook.post("run-1", b"{}", timestamp=1_766_000_000)


class TestWebhook:
    async def test_goes_over_verified_tls_too(self, authority: Authority) -> None:
        receiver = Receiver()
        certificate, key = authority.client()
        server = authority.server(wants_clients=True)
        async with receiver.listening(), tls_before(receiver.port, server) as url:
            with pytest.raises(WebhookError, match="CERTIFICATE_VERIFY_FAILED"):
                await told(f"{url}/hook")
            await told(
                f"{url}/hook",
                outcome_webhook_ca_file=authority.file,
                outcome_webhook_client_cert_file=certificate,
                outcome_webhook_client_key_file=key,
            )
        assert len(receiver.messages) == 1

    async def test_may_go_through_a_proxy_of_its_own(self, authority: Authority) -> None:
        receiver = Receiver()
        async with (
            receiver.listening(),
            Proxy().listening() as proxy,
            tls_before(receiver.port, authority.server()) as url,
        ):
            await told(
                f"{url}/hook",
                outcome_webhook_ca_file=authority.file,
                outcome_webhook_proxy=SecretStr(proxy.url),
            )
        assert (len(proxy.seen), len(receiver.messages)) == (1, 1)

    async def test_is_not_led_elsewhere_by_a_redirect(self) -> None:
        elsewhere = Receiver()
        redirect = f"HTTP/1.1 307 There\r\nLocation: {elsewhere.url}\r\nContent-Length: 0\r\n\r\n"
        async with elsewhere.listening(), answering(redirect) as url:
            with pytest.raises(WebhookError, match="HTTP 307"):
                await told(url)
        assert not elsewhere.messages

    async def test_takes_no_longer_than_it_may_however_slowly_the_answer_comes(self) -> None:
        async with answering("HTTP/1.1 204 No\r\nX: ", "x" * 1_000) as url:
            with pytest.raises(WebhookError, match="did not answer within 1 s"):
                await told(url)

    async def test_reads_no_answer_however_long(self) -> None:
        async with answering("HTTP/1.1 200 OK\r\n\r\n", "x" * 1_000) as url:
            await told(url)


@asynccontextmanager
async def answering(at_once: str, drop_by_drop: str = "") -> AsyncIterator[str]:
    """The address of a server that answers every request so."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(at_once.encode())
        for drop in drop_by_drop:
            if writer.is_closing() or reader.at_eof():
                break
            writer.write(drop.encode())
            await asyncio.sleep(0.05)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"


async def test_a_report_is_not_led_elsewhere_by_a_redirect(insyz: Simulator) -> None:
    async with Simulator(token="another-token") as elsewhere:
        there = f"{elsewhere.url}/api/insyz/submit-report"
        insyz.script(53773, fault("redirect", location=there))
        with pytest.raises(InvalidReportError, match="redirects are not followed"):
            await submitted(insyz.url)
    assert not elsewhere.requests
