import pickle
import zlib

import numpy as np
import pytest

from sxt.errors import InputError
from sxt.io import inspect_file, read_tomogram
from tests.io.samples import amira_header, encode_rle, make_volume, write_amira, write_amira_encoded

LABELS = np.repeat(make_volume((40, 3, 2)) % 3, 6, axis=2)
"""(40, 3, 12) with runs, so that run-length encoding has something to do."""


@pytest.mark.parametrize("dtype", ["u1", "f4"])
def test_a_raw_lattice_with_its_voxel_size(tmp_path, dtype):
    volume = make_volume(dtype=dtype)
    write_amira(tmp_path / "a.am", volume)
    tomogram = read_tomogram(tmp_path / "a.am")
    assert (tomogram.format_name, tomogram.shape) == ("AmiraMesh", (5, 7, 9))
    assert tomogram.voxel_size_nm == (20.0, 10.0, 10.0)
    assert tomogram.doubts == ()
    np.testing.assert_array_equal(tomogram.data[1:4], volume[1:4])


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("byte", "u1"),
        ("sbyte", "i1"),
        ("short", "i2"),
        ("ushort", "u2"),
        ("int", "i4"),
        ("float", "f4"),
        ("double", "f8"),
    ],
)
@pytest.mark.parametrize(
    ("order", "sign"), [("BINARY-LITTLE-ENDIAN 2.1", "<"), ("BINARY 2.0", ">"), ("3D BINARY 2.0", ">")]
)
def test_values_of_every_type_and_byte_order(tmp_path, name, dtype, order, sign):
    volume = make_volume(dtype=sign + dtype)
    header = amira_header(volume.shape, f"Lattice {{ {name} Data }} @1", order=order)
    (tmp_path / "a").write_bytes(header + volume.tobytes())
    np.testing.assert_array_equal(read_tomogram(tmp_path / "a").data[:], volume)


def test_the_first_line_of_avizo(tmp_path):
    volume = make_volume()
    header = amira_header(volume.shape, "Lattice { byte Data } @1").replace(b"# AmiraMesh", b"# Avizo")
    (tmp_path / "a").write_bytes(header + volume.tobytes())
    np.testing.assert_array_equal(read_tomogram(tmp_path / "a").data[:], volume)


@pytest.mark.parametrize("encoding", ["HxByteRLE", "HxZip"])
def test_encoded_labels_read_in_any_order_of_slabs(tmp_path, encoding):
    write_amira_encoded(tmp_path / "a.labels", LABELS, encoding)
    tomogram = read_tomogram(tmp_path / "a.labels")
    for start, stop in [(0, 40), (30, 33), (2, 5), (5, 9), (39, 40), (0, 1), (9, 20)]:
        np.testing.assert_array_equal(tomogram.data[start:stop], LABELS[start:stop])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(tomogram.data))[:], LABELS)


def test_zipped_floats(tmp_path):
    volume = make_volume(dtype="<f4")
    data = zlib.compress(volume.tobytes())
    header = amira_header(volume.shape, f"Lattice {{ float Data }} @1(HxZip,{len(data)})")
    (tmp_path / "a").write_bytes(header + data)
    np.testing.assert_array_equal(read_tomogram(tmp_path / "a").data[:], volume)


@pytest.mark.parametrize("cut", [1, 5, 20])
@pytest.mark.parametrize("encoding", ["HxByteRLE", "HxZip"])
def test_encoded_data_that_ends_too_early_is_refused(tmp_path, encoding, cut):
    encode = {"HxByteRLE": encode_rle, "HxZip": zlib.compress}[encoding]
    data = encode(LABELS.tobytes())[:-cut]
    header = amira_header(LABELS.shape, f"Lattice {{ byte Labels }} @1({encoding},{len(data)})")
    (tmp_path / "a").write_bytes(header + data + b"\nother bytes that belong to nothing")
    with pytest.raises(InputError, match="damaged or incomplete"):
        read_tomogram(tmp_path / "a").data[:]


def test_more_compressed_data_than_voxels_is_refused(tmp_path):
    data = zlib.compress(LABELS.tobytes() + b"more")
    header = amira_header(LABELS.shape, f"Lattice {{ byte Labels }} @1(HxZip,{len(data)})")
    (tmp_path / "a").write_bytes(header + data)
    with pytest.raises(InputError, match="more compressed data than voxels"):
        read_tomogram(tmp_path / "a").data[:]


def test_fields_one_after_another_are_found_by_name(tmp_path):
    first, second, third = make_volume(), LABELS[:5, :, :].copy(), make_volume(dtype="<f4", seed=1)
    second = np.resize(second, (5, 7, 9)).astype("u1")
    encoded = encode_rle(second.tobytes())
    encoded_field = f"Lattice {{ byte Labels }} @2(HxByteRLE,{len(encoded)})"
    fields = f"Lattice {{ byte Data }} @1\n{encoded_field}\nLattice {{ float Prob }} @3"
    content = (
        amira_header(first.shape, fields)
        + first.tobytes()
        + b"\n\n@2\n"
        + encoded
        + b"\n@3\n"
        + third.tobytes()
    )
    (tmp_path / "a.am").write_bytes(content)
    for name, expected in (("Data", first), ("Labels", second), ("Prob", third)):
        np.testing.assert_array_equal(read_tomogram(tmp_path / "a.am", dataset=name).data[:], expected)
    with pytest.raises(
        InputError, match=r"holds 3 volumes \(Data .* uint8, Labels .* uint8, Prob .* float32\)"
    ):
        read_tomogram(tmp_path / "a.am")
    assert [each.name for each in inspect_file(tmp_path / "a.am").datasets] == ["Data", "Labels", "Prob"]
    (tmp_path / "a.am").write_bytes(content.replace(b"\n@3\n", b"\n@x\n"))
    with pytest.raises(InputError, match="breaks off after data section @2"):
        read_tomogram(tmp_path / "a.am", dataset="Prob")


@pytest.mark.parametrize(
    ("box", "unit", "size_nm", "doubt"),
    [
        ("0 80 0 60 0 80", 'Units { Coordinates "nm" }\n', (20.0, 10.0, 10.0), None),
        ("0 8e-08 0 6e-08 0 8e-08", 'Units { Coordinates "m" }\n', (20.0, 10.0, 10.0), None),
        ("-40 40 0 60 0 80", "", None, "voxels of 20, 10, 10 (z, y, x) but not the unit"),
        ("0 8 0 6 0 4", "", None, None),
        ("0 8 0 6 0 4", 'Units { Coordinates "nm" }\n', (1.0, 1.0, 1.0), None),
    ],
)
def test_the_bounding_box_runs_between_voxel_centres(tmp_path, box, unit, size_nm, doubt):
    volume = make_volume()
    header = amira_header(volume.shape, "Lattice { byte Data } @1", box=box, extra=unit)
    (tmp_path / "a").write_bytes(header + volume.tobytes())
    tomogram = read_tomogram(tmp_path / "a")
    assert tomogram.voxel_size_nm == size_nm
    assert any("bounding box" in each for each in tomogram.doubts) == (doubt is not None)
    assert doubt is None or any(doubt in each for each in tomogram.doubts)


def test_the_box_gives_the_origin(tmp_path):
    header = amira_header(
        (5, 7, 9), "Lattice { byte Data } @1", box="10 90 20 80 30 110", extra='Units { Coordinates "nm" }\n'
    )
    (tmp_path / "a").write_bytes(header + make_volume().tobytes())
    assert read_tomogram(tmp_path / "a").origin_nm == (30.0, 20.0, 10.0)


def test_voxels_of_different_sizes_are_a_doubt(tmp_path):
    header = amira_header((5, 7, 9), "Lattice { byte Data } @1").replace(b'"uniform"', b'"rectilinear"')
    (tmp_path / "a").write_bytes(header + make_volume().tobytes())
    tomogram = read_tomogram(tmp_path / "a")
    assert tomogram.voxel_size_nm is None
    assert any("rectilinear, not uniform" in doubt for doubt in tomogram.doubts)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            b"# AmiraMesh 3D 2.0\ndefine Lattice 2 2 2\n",
            "neither as text nor binary",
        ),
        (b"# HyperSurface 0.1 BINARY\n", "is an Amira surface"),
        (b"# AmiraMesh BINARY-LITTLE-ENDIAN 2.1\ndefine Lattice 2 2 2\n", "does not end; it is incomplete"),
        (b"# AmiraMesh BINARY-LITTLE-ENDIAN 2.1\nnNodes 5\n@1\n", "without a lattice"),
        (amira_header((5, 7, 9), "Lattice { complex Data } @1"), "is of type complex"),
        (amira_header((5, 7, 9), "Lattice { float[3] Data } @1"), "has 3 components a voxel"),
        (amira_header((5, 7, 9), "Lattice { short Labels } @1(HxByteRLE,10)"), "short as HxByteRLE"),
        (amira_header((5, 7, 9), "Lattice { byte Labels } @1(HxNew,10)"), "encoded as HxNew"),
        (amira_header((5, 7, 9), "Lattice { byte Labels } @1(HxZip,10)"), r"claims \(10,\)"),
        (amira_header((5, 7, 9), "Lattice { byte Data } @1") + bytes(314), r"claims \(5, 7, 9\) voxels"),
        (amira_header((5, 7, 9), ""), "no three-dimensional dataset"),
        (amira_header((5, 0, 9), "Lattice { byte Data } @1"), "is empty"),
        (
            b"# AmiraMesh BINARY-LITTLE-ENDIAN 2.1\ndefine Lattice 9 7\nLattice { byte Data } @1\n@1\n"
            + bytes(63),
            "single 2-D image",
        ),
    ],
)
def test_what_is_no_binary_scalar_lattice_is_refused(tmp_path, content, sentence):
    (tmp_path / "a.am").write_bytes(content)
    with pytest.raises(InputError, match=sentence):
        read_tomogram(tmp_path / "a.am")


def write_text(path, *sections, fields):
    header = amira_header((2, 3, 4), fields, order="3D ASCII 2.0").decode().removesuffix("@1\n")
    parts = [f"@{number}\n{' '.join(section)}\n\n" for number, section in enumerate(sections, start=1)]
    path.write_text(header + "".join(parts))


def test_text_is_read_by_field(tmp_path):
    labels = make_volume((2, 3, 4))
    heights = make_volume((2, 3, 4), dtype="f4")
    write_text(
        tmp_path / "a.am",
        [str(each) for each in labels.ravel()],
        [f"{each:.9g}" for each in heights.ravel()],
        fields="Lattice { byte Labels } @1\nLattice { float Height } @2",
    )
    found = read_tomogram(tmp_path / "a.am", dataset="Labels")
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found.data[:], labels)
    np.testing.assert_array_equal(found.data[1:], labels[1:])
    np.testing.assert_array_equal(read_tomogram(tmp_path / "a.am", dataset="Height").data[:], heights)


@pytest.mark.parametrize(
    "numbers", [["1"] * 23, ["1"] * 23 + ["256"], ["1"] * 23 + ["a"], ["1"] * 23 + ["0.5"]]
)
def test_damaged_text_is_refused(tmp_path, numbers):
    write_text(tmp_path / "a.am", numbers, fields="Lattice { byte Labels } @1")
    with pytest.raises(InputError, match=r"a\.am"):
        read_tomogram(tmp_path / "a.am").data[:]


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("amira", "tiff"), [("sample_12.rec", "sample_12.tif"), ("sample_12.labels", "sample_12_labels.tif")]
)
def test_real_files_equal_their_tiff_copies(shared_data_dir, amira, tiff):
    found = read_tomogram(shared_data_dir / "ncxt" / amira)
    expected = read_tomogram(shared_data_dir / "ncxt" / tiff)
    assert (found.format_name, found.shape, found.dtype) == ("AmiraMesh", expected.shape, expected.dtype)
    np.testing.assert_array_equal(found.data[:], expected.data[:])
