"""A bounded slice of ``scripts/fuzz``, always the same."""

import pytest

from cloud_sync.protocol.errors import ProtocolError
from cloud_sync.protocol.frames import server_codec
from tests.sync import fuzz


@pytest.mark.parametrize("target", fuzz.TARGETS)
def test_nothing_falls_over(target):
    fuzz.run(target, 150, 1)


@pytest.mark.parametrize("message", [fuzz.HELLO, fuzz.Events(items=tuple(map(fuzz.msgspec.Raw, fuzz.TOLD)))])
def test_a_frame_that_is_cut_anywhere_is_no_frame(message):
    codec = server_codec()
    frame = codec.encode(message)
    assert codec.decode(frame) == message
    for at in range(len(frame)):
        with pytest.raises(ProtocolError):
            codec.decode(frame[:at])
