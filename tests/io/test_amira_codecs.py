import io
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sxt.io.amira_codecs import RleDecoder, ZipDecoder
from tests.io.samples import encode_rle


def test_runs_and_literals_by_hand():
    encoded = bytes([3, 7, 0x80 | 2, 1, 2, 1, 9])
    assert RleDecoder(len(encoded)).decode(io.BytesIO(encoded), 6) == bytes([7, 7, 7, 1, 2, 9])


def test_empty_runs_are_passed_over():
    encoded = bytes([0, 5, 0x80, 2, 4])
    assert RleDecoder(len(encoded)).decode(io.BytesIO(encoded), 2) == bytes([4, 4])


@given(
    st.binary(min_size=1, max_size=600).flatmap(lambda data: st.tuples(st.just(data * 3), st.integers(1, 50)))
)
def test_decoding_in_pieces_with_copies_gives_the_whole(case):
    data, piece = case
    for encoded, decoder in ((encode_rle(data), RleDecoder), (zlib.compress(data), ZipDecoder)):
        state, decoded = decoder(len(encoded)), b""
        while len(decoded) < len(data):
            stream = io.BytesIO(encoded)
            stream.seek(state.position)
            twin = state.copy()
            n_bytes = min(piece, len(data) - len(decoded))
            block = state.decode(stream, n_bytes)
            stream.seek(twin.position)
            assert twin.decode(stream, n_bytes) == block
            decoded += block
        assert decoded == data


@pytest.mark.parametrize(
    ("decoder", "encoded"), [(RleDecoder, bytes([3, 7])), (ZipDecoder, zlib.compress(b"777"))]
)
def test_asking_for_more_than_there_is_ends(decoder, encoded):
    with pytest.raises(EOFError, match="ends too early"):
        decoder(len(encoded)).decode(io.BytesIO(encoded + b"more"), 4)
