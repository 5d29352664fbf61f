import dataclasses
import json
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from sxt.errors import ModelError
from sxt.network import NetworkConfig
from sxt.network.keras_weights import load_keras_weights

PARITY = Path(__file__).parents[1] / "data" / "parity"


def parity_config() -> NetworkConfig:
    return NetworkConfig.from_json(json.loads((PARITY / "config.json").read_text()))


@pytest.fixture
def weights_copy(tmp_path) -> Path:
    return Path(shutil.copy(PARITY / "weights.h5", tmp_path / "weights.h5"))


@pytest.mark.parametrize("suffix", ["", "_208x336"])
def test_imported_weights_give_the_outputs_of_the_reference(suffix):
    network = load_keras_weights(PARITY / "weights.h5", parity_config())
    x = torch.from_numpy(np.load(PARITY / f"input{suffix}.npy")).permute(0, 3, 1, 2)
    with torch.no_grad():
        outputs = network(x)
    for name, result in (("image", outputs.image), ("label", outputs.label)):
        expected = np.load(PARITY / f"out_{name}{suffix}.npy")
        difference = np.abs(result.permute(0, 2, 3, 1).numpy() - expected).max()
        assert difference < 1e-4, name


def test_other_widths_name_the_tensor_and_both_shapes():
    config = dataclasses.replace(parity_config(), stage_widths=(4, 8, 16, 64))
    with pytest.raises(ModelError, match=r"encoder_resnet_block_3_0.*\(16, 32, 1, 1\).*\(32, 32, 1, 1\)"):
        load_keras_weights(PARITY / "weights.h5", config)


def test_other_depth_names_the_layer():
    with pytest.raises(ModelError, match=r"'mid_branch_0'.*12 tensors of the kind 'kernel'.*needs 9"):
        load_keras_weights(PARITY / "weights.h5", dataclasses.replace(parity_config(), neck_depth=3))


def test_missing_and_surplus_layers_are_named():
    with pytest.raises(ModelError, match="no layer 'mid_branch_3'"):
        load_keras_weights(
            PARITY / "weights.h5", dataclasses.replace(parity_config(), neck_kernel_sizes=(1, 2, 3, 4))
        )
    with pytest.raises(ModelError, match="layer 'mid_branch_2' that"):
        load_keras_weights(
            PARITY / "weights.h5", dataclasses.replace(parity_config(), neck_kernel_sizes=(1, 2))
        )


def test_nan_in_the_file_is_refused(weights_copy):
    with h5py.File(weights_copy, "r+") as file:
        names: list[str] = []
        file["encoder"].visititems(
            lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None
        )
        values = file["encoder"][names[0]][...]
        values.flat[0] = np.nan
        file["encoder"][names[0]][...] = values
    with pytest.raises(ModelError, match="NaN"):
        load_keras_weights(weights_copy, parity_config())


def test_file_that_is_not_hdf5_is_refused(tmp_path):
    path = tmp_path / "weights.h5"
    path.write_bytes(b"not a weights file")
    with pytest.raises(ModelError, match="not a readable HDF5"):
        load_keras_weights(path, parity_config())


def test_truncated_file_is_refused(weights_copy):
    weights_copy.write_bytes(weights_copy.read_bytes()[:100_000])
    with pytest.raises(ModelError, match="not a readable HDF5"):
        load_keras_weights(weights_copy, parity_config())


def test_hdf5_without_keras_layers_is_refused(tmp_path):
    path = tmp_path / "volume.h5"
    with h5py.File(path, "w") as file:
        file["data"] = np.zeros((2, 2, 2))
    with pytest.raises(ModelError, match="no Keras layers"):
        load_keras_weights(path, parity_config())
