"""Read tomograms and label volumes of every format the field uses, lazily; write volumes streamed and whole."""

from sxt.io.inspection import FileInfo, inspect_file
from sxt.io.reader import hash_source, read_tomogram
from sxt.io.statistics import VolumeStatistics
from sxt.io.volume import DatasetInfo
from sxt.io.writer import VolumeWriter, open_volume_writer

__all__ = [
    "DatasetInfo",
    "FileInfo",
    "VolumeStatistics",
    "VolumeWriter",
    "hash_source",
    "inspect_file",
    "open_volume_writer",
    "read_tomogram",
]
