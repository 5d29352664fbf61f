"""Volumes and files that the tests read: written by the field's own libraries where there are any."""

import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import h5py
import mrcfile
import numpy as np
import tifffile
import zarr

from tests.io.compound_file import make_compound_file


def make_volume(shape=(5, 7, 9), dtype="u1", seed=0) -> np.ndarray:
    """Return a volume (z, y, x) in which every voxel tells where it is."""
    rng = np.random.default_rng(seed)
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        return rng.normal(10.0, 3.0, shape).astype(dtype)
    info = np.iinfo(dtype)
    return rng.integers(info.min, info.max, shape, dtype=dtype.newbyteorder("="), endpoint=True).astype(dtype)


def write_imagej(path: Path, volume: np.ndarray) -> None:
    """20 nm slices, 10 nm pixels in y and 5 nm in x."""
    metadata = {"axes": "ZYX", "spacing": 0.02, "unit": "um"}
    tifffile.imwrite(path, volume, imagej=True, resolution=(200.0, 100.0), metadata=metadata)


def write_pages(path: Path, volume: np.ndarray, **options) -> None:
    """One page a slice, nothing said about the stack."""
    with tifffile.TiffWriter(path) as tif:
        for image in volume:
            tif.write(image, metadata=None, **options)


def write_mrc(path: Path, volume: np.ndarray, voxel_angstrom=200.0) -> None:
    """Written by mrcfile."""
    with mrcfile.new(path) as mrc:
        mrc.set_data(volume)
        mrc.set_volume()
        mrc.voxel_size = voxel_angstrom


def write_hdf5(path: Path, volume: np.ndarray, name="t0/channel0") -> None:
    """Written by h5py with a voxel of 20 × 10 × 5 nm."""
    with h5py.File(path, "w") as file:
        file.create_dataset(name, data=volume, compression="gzip", chunks=volume.shape)
        file[name].attrs["element_size_um"] = [0.02, 0.01, 0.005]


def write_ome_zarr(path: Path, volume: np.ndarray, version="0.5") -> None:
    """Written by zarr: two resolutions, 20 × 10 × 5 nm, as a five-axis image in 0.4."""
    axes = [{"name": name, "type": "space", "unit": "micrometer"} for name in "zyx"]
    scale = [0.02, 0.01, 0.005]
    if version == "0.4":
        axes = [{"name": "t", "type": "time"}, {"name": "c", "type": "channel"}, *axes]
        scale, volume = [1.0, 1.0, *scale], volume[np.newaxis, np.newaxis]
    doubled = [*scale[:-3], *(2 * size for size in scale[-3:])]
    datasets = [
        {"path": name, "coordinateTransformations": [{"type": "scale", "scale": each}]}
        for name, each in (("0", scale), ("1", doubled))
    ]
    image = {"multiscales": [{"version": version, "axes": axes, "datasets": datasets}]}
    attributes = image if version == "0.4" else {"ome": {"version": version, **image}}
    group = zarr.create_group(path, zarr_format=2 if version == "0.4" else 3, attributes=attributes)
    for name, step in (("0", 1), ("1", 2)):
        data = volume[..., ::step, ::step, ::step]
        group.create_array(name, data=data, chunks=(*(1,) * (data.ndim - 3), 2, 4, 4))


def amira_header(
    shape, fields: str, *, box="0 80 0 60 0 80", extra="", order="BINARY-LITTLE-ENDIAN 2.1"
) -> bytes:
    """Return an AmiraMesh header up to the first data section; ``shape`` is (z, y, x)."""
    z, y, x = shape
    text = (
        f"# AmiraMesh {order}\n\n\ndefine Lattice {x} {y} {z}\n\nParameters {{\n{extra}"
        f'    Content "{x}x{y}x{z} byte, uniform coordinates",\n    BoundingBox {box},\n'
        f'    CoordType "uniform"\n}}\n\n{fields}\n\n# Data section follows\n@1\n'
    )
    return text.encode()


def encode_rle(data: bytes) -> bytes:
    """Encode as HxByteRLE: runs of at least three as repeats, the rest as literals."""
    encoded, literal, at = bytearray(), bytearray(), 0
    while at < len(data):
        n_same = 1
        while at + n_same < len(data) and n_same < 127 and data[at + n_same] == data[at]:
            n_same += 1
        if literal and (n_same >= 3 or len(literal) == 127):
            encoded += bytes([0x80 | len(literal)]) + literal
            literal = bytearray()
        if n_same >= 3:
            encoded += bytes([n_same, data[at]])
        else:
            n_same = 1
            literal.append(data[at])
        at += n_same
    return bytes(encoded + (bytes([0x80 | len(literal)]) + literal if literal else b""))


def write_amira(path: Path, volume: np.ndarray) -> None:
    """Raw little-endian floats or bytes, 20 × 10 × 10 nm."""
    z, y, x = volume.shape
    name = {"uint8": "byte", "float32": "float"}[volume.dtype.name]
    box = f"0 {(x - 1) * 0.01} 0 {(y - 1) * 0.01} 0 {(z - 1) * 0.02}"
    units = '    Units {\n        Coordinates "µm"\n    }\n'
    header = amira_header(volume.shape, f"Lattice {{ {name} Data }} @1", box=box, extra=units)
    path.write_bytes(header + volume.tobytes() + b"\n")


def write_amira_encoded(path: Path, volume: np.ndarray, encoding: str) -> None:
    """Labels as HxByteRLE or HxZip."""
    encode: Callable[[bytes], bytes] = {"HxByteRLE": encode_rle, "HxZip": zlib.compress}[encoding]
    data = encode(volume.tobytes())
    header = amira_header(volume.shape, f"Lattice {{ byte Labels }} @1({encoding},{len(data)})")
    path.write_bytes(header + data + b"\n")


def zeiss_streams(
    volume: np.ndarray, *, mode=10, angles=None, pixel_um=0.02, data_type=None
) -> dict[str, bytes]:
    """Return the streams of a Zeiss file."""
    n_slices, height, width = volume.shape
    data_type = (
        {"uint16": 5, "float32": 10, "uint8": 3}[volume.dtype.name] if data_type is None else data_type
    )
    numbers = {"ImageWidth": width, "ImageHeight": height, "NoOfImages": n_slices, "DataType": data_type}
    streams = {f"ImageInfo/{name}": struct.pack("<I", value) for name, value in numbers.items()}
    streams["ImageInfo/AcquisitionMode"] = struct.pack("<I", mode)
    streams["ImageInfo/PixelSize"] = struct.pack("<f", pixel_um)
    if angles is not None:
        streams["ImageInfo/Angles"] = np.asarray(angles, "<f4").tobytes()
    for index, image in enumerate(volume):
        streams[f"ImageData{index // 100 + 1}/Image{index + 1}"] = image.tobytes()
    return streams


def write_zeiss(path: Path, volume: np.ndarray, **options) -> None:
    """A fabricated reconstruction; no library writes these."""
    path.write_bytes(make_compound_file(zeiss_streams(volume, **options)))


def write_zarr_json(path: Path, content: dict) -> None:
    """Replace a Zarr node's metadata."""
    path.write_text(json.dumps(content))


WRITERS: dict[str, Callable[[Path, np.ndarray], None]] = {
    "imagej.tif": write_imagej,
    "pages.tif": write_pages,
    "deflate.tif": lambda path, volume: write_pages(path, volume, compression="zlib"),
    "ome.tif": lambda path, volume: tifffile.imwrite(path, volume, ome=True, metadata={"axes": "ZYX"}),
    "big.tif": lambda path, volume: tifffile.imwrite(path, volume, bigtiff=True),
    "volume.mrc": write_mrc,
    "volume.h5": write_hdf5,
    "volume.npy": np.save,
    "volume.am": write_amira,
    "volume.txm": write_zeiss,
    "rle.labels": lambda path, volume: write_amira_encoded(path, volume, "HxByteRLE"),
    "zip.labels": lambda path, volume: write_amira_encoded(path, volume, "HxZip"),
}
"""One file of every single-file format; each takes a uint8 volume."""
