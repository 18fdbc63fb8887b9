"""How a client is connected."""

import pytest
from temporalio.client import GrpcCompression

from starter.connection import _compression


@pytest.mark.parametrize("address", ["localhost:7233", "127.0.0.1:7233", "[::1]:7233"])
def test_nothing_is_compressed_between_processes_of_one_machine(address: str) -> None:
    assert _compression(address) is GrpcCompression.NONE


@pytest.mark.parametrize("address", ["temporal:7233", "10.0.0.7:7233", "kct.tmprl.cloud:7233"])
def test_what_goes_over_a_line_is_compressed(address: str) -> None:
    assert _compression(address) is GrpcCompression.GZIP
