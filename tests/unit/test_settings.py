"""Settings: secrets from files, addresses that are refused, and that no text holds a secret."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from insyz.secret_files import MAX_BYTES
from insyz.settings import Settings, SettingsError, StoreSettings
from tests.receiver import SECRET

ROOT = Path(__file__).parents[2]
TOKEN = "a-token-that-nobody-may-see"
URL = "https://insyz.example"


@pytest.fixture(autouse=True)
def an_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(f"{name.upper()}_FILE", raising=False)
    monkeypatch.setenv("INSYZ_URL", URL)
    monkeypatch.setenv("INSYZ_TOKEN", TOKEN)


@pytest.fixture
def in_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Path]:
    """Puts a variable's value into a file, as container secrets come."""

    def put(variable: str, content: str | bytes) -> Path:
        file = tmp_path / variable.lower()
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.setenv(f"{variable}_FILE", str(file))
        return file

    return put


def token() -> str:
    loaded = Settings.load().insyz_token
    assert loaded is not None
    return loaded.get_secret_value()


def lines() -> list[str]:
    """What is wrong with the settings."""
    with pytest.raises(SettingsError) as wrong:
        Settings.load()
    assert TOKEN not in str(wrong.value)
    return str(wrong.value).splitlines()


class TestSecretsInFiles:
    def test_every_secret_may_stand_in_a_file(self, in_file: Callable[..., Path]) -> None:
        values = {
            "REPORTS_DATABASE_URL": "postgresql://insyz:hidden@db/portal",
            "INSYZ_TOKEN": "another-token",
            "INSYZ_PROXY": "http://us:hidden@proxy:3128",
            "OUTCOME_WEBHOOK_SECRET": SECRET,
            "OUTCOME_WEBHOOK_PROXY": "http://proxy:3128",
        }
        assert values.keys() <= {*Settings.secrets()}
        for variable, value in values.items():
            in_file(variable, value)
        loaded = Settings.load()
        for variable, value in values.items():
            assert getattr(loaded, variable.lower()).get_secret_value() == value
            assert value not in repr(loaded) + str(loaded.model_dump())

    def test_a_starter_reads_the_databases_address_from_a_file_too(
        self, in_file: Callable[..., Path]
    ) -> None:
        in_file("REPORTS_DATABASE_URL", "sqlite:///portal.db\n")
        loaded = StoreSettings.load().reports_database_url
        assert loaded is not None
        assert loaded.get_secret_value() == "sqlite:///portal.db"

    @pytest.mark.parametrize("end", ["", "\n", "\r\n"], ids=repr)
    def test_the_end_of_the_last_line_is_no_part_of_it(
        self, in_file: Callable[..., Path], end: str
    ) -> None:
        in_file("INSYZ_TOKEN", "another-token" + end)
        assert token() == "another-token"

    def test_a_variable_and_a_file_at_once_are_refused(
        self, in_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        in_file("INSYZ_TOKEN", "another-token")
        monkeypatch.setenv("INSYZ_TOKEN", TOKEN)
        assert lines() == ["INSYZ_TOKEN: INSYZ_TOKEN_FILE is set as well, one must go"]

    def test_an_empty_variable_counts_as_not_set(
        self, in_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        in_file("INSYZ_TOKEN", "another-token")
        monkeypatch.setenv("INSYZ_TOKEN", "")
        assert token() == "another-token"
        monkeypatch.setenv("INSYZ_TOKEN_FILE", "")
        assert lines() == ["INSYZ_TOKEN: not set"]

    @pytest.mark.parametrize(
        ("content", "why"),
        [
            ("x" * (MAX_BYTES + 1), "holds more than 16,384 bytes"),
            (b"caf\xe9 caf\xe9", "is not UTF-8 text"),
            ("\n", "is empty"),
        ],
        ids=["too big", "not text", "empty"],
    )
    def test_a_file_that_is_no_secret_is_refused(
        self, in_file: Callable[..., Path], content: str | bytes, why: str
    ) -> None:
        in_file("INSYZ_TOKEN", content)
        assert lines() == [f"INSYZ_TOKEN_FILE: {why}"]

    def test_what_is_wrong_with_the_content_names_the_variable_and_not_the_content(
        self, in_file: Callable[..., Path]
    ) -> None:
        in_file("INSYZ_TOKEN", f"{TOKEN}\nand a second line")
        in_file("OUTCOME_WEBHOOK_SECRET", TOKEN)
        assert lines() == [
            "INSYZ_TOKEN: must be printable ASCII text of 8 characters or more",
            "OUTCOME_WEBHOOK_SECRET: must be whsec_ and at least 24 bytes in base64",
        ]

    def test_a_pipe_is_not_waited_for(
        self, in_file: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        os.mkfifo(tmp_path / "pipe")
        monkeypatch.delenv("INSYZ_TOKEN")
        for missing in ("pipe", "nowhere", "."):
            monkeypatch.setenv("INSYZ_TOKEN_FILE", str(tmp_path / missing))
            assert lines() == ["INSYZ_TOKEN_FILE: no such file"]

    def test_all_that_is_wrong_is_said_at_once(
        self, in_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        in_file("INSYZ_TOKEN", "")
        monkeypatch.setenv("INSYZ_URL", "")
        monkeypatch.setenv("LOG_FORMAT", "xml")
        assert lines() == [
            "INSYZ_TOKEN_FILE: is empty",
            "INSYZ_URL: not set",
            "LOG_FORMAT: Input should be 'text' or 'json'",
        ]


class TestAddresses:
    @pytest.mark.parametrize(
        "url",
        ["https://insyz.example:8443/base", "http://127.0.0.1:8090", "http://[::1]:1",
         "http://localhost", "https://10.0.0.1", "http://LOCALHOST:80"],
    )  # fmt: skip
    def test_that_are_encrypted_or_stay_on_this_machine_are_taken(
        self, monkeypatch: pytest.MonkeyPatch, url: str
    ) -> None:
        monkeypatch.setenv("INSYZ_URL", url)
        assert Settings.load().insyz_url == url

    @pytest.mark.parametrize(
        "url",
        ["http://insyz.example", "http://10.0.0.1:8090", "http://localhost.insyz.example",
         "http://127.0.0.1.insyz.example", "http://simulator:8090"],
    )  # fmt: skip
    @pytest.mark.parametrize("variable", ["INSYZ_URL", "OUTCOME_WEBHOOK_URL"])
    def test_that_would_be_read_on_the_way_are_refused(
        self, monkeypatch: pytest.MonkeyPatch, variable: str, url: str
    ) -> None:
        monkeypatch.setenv("OUTCOME_WEBHOOK_SECRET", SECRET)
        monkeypatch.setenv("INSYZ_ALLOW_HTTP_TO", "insyz,example,insyz.example.org")
        monkeypatch.setenv(variable, url)
        assert lines() == [
            f"{variable}: must be https://, or its host be named in INSYZ_ALLOW_HTTP_TO"
        ]

    def test_that_would_be_read_on_the_way_are_taken_where_the_host_is_named(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OUTCOME_WEBHOOK_SECRET", SECRET)
        monkeypatch.setenv("INSYZ_ALLOW_HTTP_TO", "Simulator, portal")
        monkeypatch.setenv("INSYZ_URL", "http://simulator:8090")
        monkeypatch.setenv("OUTCOME_WEBHOOK_URL", "http://portal/hook")
        assert Settings.load().insyz_url == "http://simulator:8090"

    @pytest.mark.parametrize("hosts", ["*", "http://simulator", "simulator:8090", "a,,b", " "])
    def test_only_hosts_can_be_named(self, monkeypatch: pytest.MonkeyPatch, hosts: str) -> None:
        monkeypatch.setenv("INSYZ_ALLOW_HTTP_TO", hosts)
        assert lines() == [
            "INSYZ_ALLOW_HTTP_TO: must be host names with commas between them: simulator,portal"
        ]

    @pytest.mark.parametrize(
        ("url", "why"),
        [
            ("insyz.example", "must be an http:// or https:// address"),
            ("ftp://insyz.example", "must be an http:// or https:// address"),
            ("https://", "must be an http:// or https:// address"),
            ("https://insyz.example:99999", "must be an http:// or https:// address"),
            ("https://insyz.example:0", "must be an http:// or https:// address"),
            ("https://[::1", "must be an http:// or https:// address"),
            ("https://insyz.\nexample", "must be an http:// or https:// address"),
            ("https://insyz example", "must be an http:// or https:// address"),
            ("https://ínsyz.example", "must be an http:// or https:// address"),
            ("https://" + "a" * 64 + ".example", "must be an http:// or https:// address"),
            ("https://" + "a." * 130 + "cz", "must be an http:// or https:// address"),
            ("https://a/" + "b" * 2_000, "must not be longer than 2,000 characters"),
            ("https://us:hidden@insyz.example", "must not hold credentials"),
            ("https://@insyz.example", "must not hold credentials"),
            ("https://insyz.example?key=hidden", "must not hold a query or a fragment"),
            ("https://insyz.example/#x", "must not hold a query or a fragment"),
        ],
    )
    def test_that_are_none_are_refused_with_the_reason(
        self, monkeypatch: pytest.MonkeyPatch, url: str, why: str
    ) -> None:
        monkeypatch.setenv("INSYZ_URL", url)
        assert lines() == [f"INSYZ_URL: {why}"]

    @pytest.mark.parametrize("proxy", ["proxy:3128", "socks5://proxy", "http://proxy/path", "x"])
    def test_of_a_proxy_that_is_none_are_refused_without_being_shown(
        self, monkeypatch: pytest.MonkeyPatch, proxy: str
    ) -> None:
        monkeypatch.setenv("INSYZ_PROXY", proxy)
        (line,) = lines()
        assert line.startswith("INSYZ_PROXY: must be ")
        assert proxy not in line.removeprefix("INSYZ_PROXY: must be http://host:port or http")


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """A certificate with its key, the same key locked, and what is no certificate at all."""
    issued = trustme.CA().issue_cert("insyz@worker.example")
    key = load_pem_private_key(issued.private_key_pem.bytes(), None)
    locked = key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"password")
    )
    contents = {
        "certificate": issued.cert_chain_pems[0].bytes(),
        "both": issued.private_key_and_cert_chain_pem.bytes(),
        "key": issued.private_key_pem.bytes(),
        "other": trustme.CA().issue_cert("x@y").private_key_pem.bytes(),
        "locked": locked,
        "nonsense": b"nothing",
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return {name: tmp_path / name for name in [*contents, "nowhere"]}


class TestCertificates:
    @pytest.mark.parametrize("prefix", ["INSYZ", "OUTCOME_WEBHOOK"])
    @pytest.mark.parametrize(
        ("given", "line"),
        [
            ({"CA": "nowhere"}, "CA_FILE: No such file or directory"),
            ({"CA": "nonsense"}, "CA_FILE: "),
            ({"CLIENT_KEY": "key"}, "CLIENT_KEY_FILE: is of no use without CLIENT_CERT_FILE"),
            ({"CLIENT_CERT": "nowhere"}, "CLIENT_CERT_FILE: no such file"),
            ({"CLIENT_CERT": "certificate"}, "CLIENT_CERT_FILE: cannot be used with its key: "),
            (
                {"CLIENT_CERT": "certificate", "CLIENT_KEY": "other"},
                "CLIENT_CERT_FILE: cannot be used with its key: key values mismatch",
            ),
            (
                {"CLIENT_CERT": "certificate", "CLIENT_KEY": "locked"},
                "CLIENT_CERT_FILE: cannot be used with its key: ",
            ),
            (
                {"CLIENT_CERT": "certificate", "CLIENT_KEY": "nowhere"},
                "CLIENT_KEY_FILE: no such file",
            ),
        ],
        ids=repr,
    )
    def test_that_cannot_be_used_are_named_before_anything_starts(
        self,
        files: dict[str, Path],
        monkeypatch: pytest.MonkeyPatch,
        prefix: str,
        given: dict[str, str],
        line: str,
    ) -> None:
        for name, file in given.items():
            monkeypatch.setenv(f"{prefix}_{name}_FILE", str(files[file]))
        (said,) = lines()
        assert said.startswith(f"{prefix}_{line}")

    @pytest.mark.parametrize(
        "given", [{"CLIENT_CERT": "both"}, {"CLIENT_CERT": "certificate", "CLIENT_KEY": "key"}]
    )
    def test_may_be_in_one_file_with_the_key_or_in_two(
        self, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch, given: dict[str, str]
    ) -> None:
        for name, file in given.items():
            monkeypatch.setenv(f"INSYZ_{name}_FILE", str(files[file]))
        assert Settings.load().insyz_tls.certificate is not None


def test_nothing_can_turn_the_verification_off() -> None:
    """Not a setting, and not a word in the code."""
    sources = [*(ROOT / "insyz").rglob("*.py"), ROOT / "worker.py"]
    for source in sources:
        text = source.read_text(encoding="utf-8")
        assert not any(word in text for word in ("verify=False", "CERT_NONE", "check_hostname"))
    assert not [name for name in Settings.model_fields if "verify" in name or "insecure" in name]
