"""Files written whole or not at all, and their hashes."""

import contextlib
import hashlib
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

HASH_BLOCK_BYTES = 1 << 22


@contextlib.contextmanager
def atomic_path(final: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``final``; rename it to ``final`` only when the block ends without an error.

    The block creates the temporary path as a file or as a folder. An existing ``final`` of either kind is
    replaced; on an error the temporary path is removed and ``final`` stays as it was.
    """
    final.parent.mkdir(parents=True, exist_ok=True)
    temporary = final.with_name(f".{final.stem}.{secrets.token_hex(4)}.partial{final.suffix}")
    try:
        yield temporary
        _replace(temporary, final)
    finally:
        _remove(temporary)


def write_text_atomically(final: Path, text: str) -> None:
    """Write ``text`` as UTF-8 to ``final``, whole or not at all."""
    with atomic_path(final) as temporary:
        temporary.write_text(text, encoding="utf-8")


def let_read(path: Path) -> None:
    """Let those read a file that may read its folder; some libraries write files for their owner alone."""
    path.chmod(path.parent.stat().st_mode & 0o666)


def sha256_of_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(HASH_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _replace(source: Path, final: Path) -> None:
    if final.is_dir() and not final.is_symlink():
        retired = final.with_name(f".{final.name}.{secrets.token_hex(4)}.retired")
        final.rename(retired)
        source.rename(final)
        shutil.rmtree(retired)
    else:
        source.replace(final)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
