import json
import shutil
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from sxt.errors import ModelError
from sxt.models import (
    install_keras_weights,
    install_package,
    install_weights,
    list_models,
    load_model,
    pack_model,
    save_model,
)
from sxt.models.packing import LIMITS
from sxt.network import NetworkConfig

PARITY = Path(__file__).parents[1] / "data" / "parity"


@pytest.fixture
def version(tmp_path, make_config, network):
    """The folder of a version that was made elsewhere."""
    config = make_config(description="Näht <b>µ</b> | x", metrics={"dice": 0.5})
    return save_model(
        tmp_path / "elsewhere", config, network, curves_csv="step,loss\n1,2\n", picture_png=b"seen"
    )


@pytest.fixture
def packed(tmp_path, version):
    return pack_model(version, tmp_path / "tiny-1.zip")


@pytest.fixture
def root(tmp_path):
    return tmp_path / "models"


def repack(packed, target, *, changes=None, extra=()):
    """Write the archive anew with other contents (None leaves a file out) and further members."""
    changes = changes or {}
    with zipfile.ZipFile(packed) as old, zipfile.ZipFile(target, "w") as new:
        for member in old.infolist():
            content = changes.get(Path(member.filename).name, old.read(member))
            if content is not None:
                new.writestr(member.filename, content)
        for name, content in extra:
            new.writestr(name, content)
    return target


def assert_refused(archive, root, match):
    with pytest.raises(ModelError, match=match):
        install_package(archive, root)
    assert list_models(root) == []
    assert [each for each in root.rglob("*") if each.is_file()] == []


def test_a_version_survives_packing_to_the_byte(packed, version, root):
    folder = install_package(packed, root)
    assert folder == root / "tiny" / "1"
    for name in LIMITS:
        assert (folder / name).read_bytes() == (version / name).read_bytes()
    model, original = load_model("tiny:1", root=root), load_model("tiny:1", root=version.parents[1])
    slices = torch.rand(1, 1, 16, 16)
    with torch.no_grad():
        assert torch.equal(model.network(slices).label, original.network(slices).label)
    assert sorted(each.name for each in root.iterdir()) == ["tiny"]


def test_files_without_a_folder_are_taken_too(packed, root, tmp_path):
    flat = tmp_path / "flat.zip"
    with zipfile.ZipFile(packed) as old, zipfile.ZipFile(flat, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            new.writestr(Path(member.filename).name, old.read(member))
    assert install_package(flat, root) == root / "tiny" / "1"


def test_the_same_version_is_not_taken_twice(packed, root):
    install_package(packed, root)
    with pytest.raises(ModelError, match=r"tiny:1 is here already, with the same weights"):
        install_package(packed, root)
    assert [each.spec for each in list_models(root)] == ["tiny:1"]


def test_the_same_version_among_the_shipped_ones_counts_too(packed, root, version):
    with pytest.raises(ModelError, match="here already"):
        install_package(packed, root, beside=version.parents[1])


def test_other_weights_of_a_taken_name_get_the_next_number(packed, root, make_config, network):
    for tensor in network.parameters():
        tensor.data += 1
    save_model(root, make_config(), network)
    folder = install_package(packed, root)
    assert folder == root / "tiny" / "2"
    assert load_model("tiny:2", root=root).config.description == "Näht <b>µ</b> | x"
    assert (folder / "card.md").read_text().startswith("# tiny:2\n")


def test_a_card_written_by_hand_is_kept(packed, root, tmp_path):
    archive = repack(packed, tmp_path / "own.zip", changes={"card.md": "# My card\n"})
    assert (install_package(archive, root) / "card.md").read_text() == "# My card\n"


@pytest.mark.parametrize("missing", ["card.md", "curves.csv"])
def test_card_and_curves_may_be_absent(packed, root, tmp_path, missing):
    folder = install_package(repack(packed, tmp_path / "a.zip", changes={missing: None}), root)
    assert (folder / "card.md").read_text().startswith("# tiny:1\n")


@pytest.mark.parametrize("missing", ["config.json", "weights.safetensors"])
def test_a_zip_without_the_essentials_is_refused(packed, root, tmp_path, missing):
    assert_refused(repack(packed, tmp_path / "a.zip", changes={missing: None}), root, f"lacks {missing}")


@pytest.mark.parametrize(
    "name",
    [
        "tiny-1/evil.py",
        "../config.json",
        "/config.json/../../x",
        "tiny-1/../../weights.safetensors",
        "a/b/card.md",
        "tiny-1/weights.pt",
        "__MACOSX/._card.md",
    ],
)
def test_anything_else_in_the_zip_is_refused(packed, root, tmp_path, name):
    assert_refused(repack(packed, tmp_path / "a.zip", extra=[(name, b"x")]), root, "The ZIP holds")
    assert not (tmp_path / "x").exists()


def test_two_versions_in_one_zip_are_refused(packed, root, tmp_path):
    archive = tmp_path / "two.zip"
    with zipfile.ZipFile(archive, "w") as new:
        new.writestr("a/config.json", "{}")
        new.writestr("b/weights.safetensors", b"")
    assert_refused(archive, root, "has several folders")


def test_a_link_in_the_zip_is_refused(packed, root, tmp_path):
    archive = repack(packed, tmp_path / "a.zip", changes={"card.md": None})
    link = zipfile.ZipInfo("tiny-1/card.md")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(archive, "a") as opened:
        opened.writestr(link, "/etc/passwd")
    assert_refused(archive, root, r"card\.md in the ZIP is a link")


def test_a_file_beyond_its_bound_is_refused_before_it_is_unpacked(packed, root, tmp_path):
    archive = tmp_path / "bomb.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("config.json", b" " * (LIMITS["config.json"] + 1))
        bomb.writestr("weights.safetensors", b"")
    assert archive.stat().st_size < 10_000
    assert_refused(archive, root, r"config\.json has 1 MB, more than the 1 MB")


def test_other_compressions_are_refused(packed, root, tmp_path):
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_LZMA) as odd:
        odd.writestr("config.json", b"{}")
    assert_refused(archive, root, "compressed unusually")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 nothing", b"x" * 500])
def test_what_is_no_zip_is_refused(root, tmp_path, content):
    archive = tmp_path / "a.zip"
    archive.write_bytes(content)
    assert_refused(archive, root, "cannot be read as a ZIP")


def test_a_damaged_zip_is_refused(packed, root, tmp_path):
    content = bytearray(packed.read_bytes())
    content[len(content) // 2] ^= 0xFF
    (tmp_path / "a.zip").write_bytes(content)
    assert_refused(tmp_path / "a.zip", root, "cannot be read as a ZIP|damaged")


def test_weights_of_another_hash_are_refused(packed, root, tmp_path, version):
    config = json.loads((version / "config.json").read_text())
    config["weights_sha256"] = "0" * 64
    archive = repack(packed, tmp_path / "a.zip", changes={"config.json": json.dumps(config)})
    assert_refused(archive, root, "damaged or of another version.*000000000000")


@pytest.mark.parametrize(
    ("text", "match"),
    [("{", r"config\.json is not JSON"), ("[]", "JSON object"), ("\xff", r"config\.json is not JSON")],
)
def test_an_unusable_configuration_is_refused(packed, root, tmp_path, text, match):
    archive = repack(packed, tmp_path / "a.zip", changes={"config.json": text.encode("latin-1")})
    assert_refused(archive, root, match)


@pytest.mark.parametrize("name", ["../evil", "/etc", "Upper", ""])
def test_a_name_that_is_no_folder_is_refused(packed, root, tmp_path, version, name):
    config = json.loads((version / "config.json").read_text()) | {"name": name}
    archive = repack(packed, tmp_path / "a.zip", changes={"config.json": json.dumps(config)})
    assert_refused(archive, root, "not a model name")


def test_weights_of_another_network_are_refused(packed, root, tmp_path, version):
    config = json.loads((version / "config.json").read_text())
    config["network"]["neck_width"] = 4
    archive = repack(packed, tmp_path / "a.zip", changes={"config.json": json.dumps(config)})
    assert_refused(archive, root, r"^weights\.safetensors does not match the network")


def test_pickled_weights_are_never_opened(root, tmp_path, version):
    torch.save({"a": torch.zeros(1)}, tmp_path / "weights.pt")
    config = json.loads((version / "config.json").read_text()) | {"weights_sha256": ""}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match="cannot be read as safetensors"):
        install_weights(tmp_path / "weights.pt", tmp_path / "config.json", root)


def test_safetensors_with_their_configuration_are_taken(root, tmp_path, version):
    config = json.loads((version / "config.json").read_text()) | {"weights_sha256": ""}
    (tmp_path / "c.json").write_text(json.dumps(config))
    folder = install_weights(version / "weights.safetensors", tmp_path / "c.json", root)
    assert folder == root / "tiny" / "1"
    assert load_model("tiny:1", root=root).sha256 == load_model("tiny:1", root=version.parents[1]).sha256


def test_weights_that_are_not_finite_are_refused(root, tmp_path, version):
    from safetensors.torch import load_file, save_file

    tensors = load_file(version / "weights.safetensors")
    next(each for each in tensors.values() if each.is_floating_point()).view(-1)[0] = float("nan")
    save_file(tensors, tmp_path / "w.safetensors")
    config = json.loads((version / "config.json").read_text()) | {"weights_sha256": ""}
    (tmp_path / "c.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match="NaN or infinity"):
        install_weights(tmp_path / "w.safetensors", tmp_path / "c.json", root)


@pytest.fixture
def published():
    return NetworkConfig.from_json(json.loads((PARITY / "config.json").read_text()))


def test_keras_weights_become_the_next_version_of_a_name(root, tmp_path, published):
    beside = tmp_path / "shipped"
    (beside / "deep" / "3").mkdir(parents=True)
    folder = install_keras_weights(
        PARITY / "weights.h5",
        published,
        root,
        name="deep",
        beside=[beside],
        class_name="bead",
        pixel_size_nm=12.5,
    )
    assert folder == root / "deep" / "4"
    config = load_model("deep:4", root=root).config
    assert config.classes[0].name == "bead"
    assert config.classes[0].colour == "#CC79A7"
    assert config.pixel_size_nm == 12.5
    assert config.source.startswith("weights.h5, sha256 ")


def test_keras_weights_too_small_for_their_configuration_are_refused_at_once(root):
    with pytest.raises(ModelError, match=r"has 1\.7 MB, too little for the 76\.5 million parameters"):
        install_keras_weights(PARITY / "weights.h5", NetworkConfig(), root, name="deep")
    assert not root.exists()


@pytest.mark.parametrize("kind", ["external link", "soft link", "external storage", "virtual"])
def test_keras_weights_that_point_into_other_files_are_refused(root, tmp_path, published, kind):
    weights = Path(shutil.copy(PARITY / "weights.h5", tmp_path / "w.h5"))
    with h5py.File(weights, "a") as file:
        if kind == "external link":
            file["encoder"]["evil"] = h5py.ExternalLink("/etc/other.h5", "/a")
        elif kind == "soft link":
            file["encoder"]["evil"] = h5py.SoftLink("/absent")
        elif kind == "external storage":
            file.create_dataset("evil", (1,), "f4", external=[("/etc/hostname", 0, 4)])
        else:
            layout = h5py.VirtualLayout((1,), "f4")
            layout[0] = h5py.VirtualSource("/etc/other.h5", "a", (1,))[0]
            file.create_virtual_dataset("evil", layout)
    with pytest.raises(ModelError, match="'evil' in the weights file points elsewhere"):
        install_keras_weights(weights, published, root, name="deep")
    assert not root.exists()


def test_a_group_that_holds_itself_is_no_trap(root, tmp_path, published):
    weights = Path(shutil.copy(PARITY / "weights.h5", tmp_path / "w.h5"))
    with h5py.File(weights, "a") as file:
        file["encoder"]["again"] = file["encoder"]
    assert install_keras_weights(weights, published, root, name="deep") == root / "deep" / "1"


def test_what_is_no_hdf5_is_refused(root, tmp_path, published):
    weights = tmp_path / "w.h5"
    weights.write_bytes(np.random.default_rng(0).bytes(2_000_000))
    with pytest.raises(ModelError, match=r"w\.h5 is not a readable HDF5 weights file"):
        install_keras_weights(weights, published, root, name="deep")


def test_an_interrupted_packing_leaves_no_file(version, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr(zipfile.ZipFile, "write", fail)
    with pytest.raises(OSError, match="disk full"):
        pack_model(version, tmp_path / "out" / "a.zip")
    assert list((tmp_path / "out").iterdir()) == []
