"""Bytes packed with zstd, as the Zarr codec of that name stores them."""

ZSTD_LEVEL = 1
"""Labels are runs of equal values: higher levels cost more time than they save space."""


def pack(content: bytes) -> bytes:
    """Compress bytes."""
    from numcodecs import zstd

    return bytes(zstd.compress(content, ZSTD_LEVEL))


def unpack(content: bytes) -> bytes:
    """Decompress what `pack` made; raises ValueError where it is damaged."""
    from numcodecs import zstd

    try:
        return bytes(zstd.decompress(content))
    except RuntimeError as error:
        raise ValueError(str(error)) from error
