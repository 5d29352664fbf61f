import json
import struct

import pytest
import torch

from sxt.errors import ModelError, SettingsError
from sxt.models.weights import count_stored_parameters, read_weights, write_weights
from sxt.network import NetworkConfig, build_network, count_parameters
from tests.models.conftest import TINY_NETWORK


def read_header(path):
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    return json.loads(data[8 : 8 + length])


def test_weights_are_stored_as_half_precision_and_read_as_float32(tmp_path, network):
    path = tmp_path / "weights.safetensors"
    write_weights(path, network)
    stored = {name: each["dtype"] for name, each in read_header(path).items() if name != "__metadata__"}
    several = {name for name, tensor in network.state_dict().items() if tensor.ndim > 1}
    assert {name for name, dtype in stored.items() if dtype == "F16"} == several
    assert set(stored.values()) == {"F16", "F32", "I64"}
    assert {name for name, dtype in stored.items() if dtype == "I64"} == {
        name for name in stored if name.endswith("num_batches_tracked")
    }
    expected = network.state_dict()
    read = read_weights(path, expected)
    assert set(read) == set(expected)
    for name, tensor in expected.items():
        assert read[name].dtype == tensor.dtype
        assert torch.equal(read[name], tensor), name


def test_fp32_keeps_every_bit(tmp_path, network):
    with torch.no_grad():
        next(network.parameters()).fill_(1 / 3)
    write_weights(tmp_path / "w", network, precision="fp32")
    read = read_weights(tmp_path / "w", network.state_dict())
    assert all(torch.equal(read[name], tensor) for name, tensor in network.state_dict().items())


def test_a_channels_last_network_is_stored_in_the_usual_order(tmp_path, network):
    expected = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    write_weights(tmp_path / "w", network.to(memory_format=torch.channels_last))
    read = read_weights(tmp_path / "w", expected)
    assert all(torch.equal(read[name], tensor) for name, tensor in expected.items())


def test_the_same_weights_give_the_same_bytes(tmp_path, network):
    write_weights(tmp_path / "a", network)
    write_weights(tmp_path / "b", network)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_stored_parameters_are_those_of_the_network(tmp_path, network):
    write_weights(tmp_path / "w", network)
    n_floats = sum(tensor.numel() for tensor in network.state_dict().values() if tensor.is_floating_point())
    assert count_stored_parameters(tmp_path / "w") == n_floats == count_parameters(network)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_not_written(tmp_path, network, value):
    name, parameter = next(iter(network.named_parameters()))
    with torch.no_grad():
        parameter.flatten()[0] = value
    with pytest.raises(ModelError, match=rf"hold NaN or infinity in {name};"):
        write_weights(tmp_path / "w", network)
    assert list(tmp_path.iterdir()) == []


def test_weights_beyond_half_precision_are_not_written(tmp_path, network):
    with torch.no_grad():
        next(network.parameters()).fill_(1e5)
    with pytest.raises(ModelError, match="exceed the range of fp16; store them as fp32"):
        write_weights(tmp_path / "w", network)
    write_weights(tmp_path / "w", network, precision="fp32")


def test_an_unknown_precision_is_named(tmp_path, network):
    with pytest.raises(SettingsError, match="precision 'int8' is unknown; use one of fp16, fp32"):
        write_weights(tmp_path / "w", network, precision="int8")


def test_weights_that_are_not_finite_are_not_read(tmp_path, network):
    from safetensors.torch import save_file

    tensors = network.state_dict()
    name = next(iter(tensors))
    save_file({**tensors, name: torch.full_like(tensors[name], float("inf"))}, tmp_path / "w")
    with pytest.raises(ModelError, match=rf"hold NaN or infinity in {name};"):
        read_weights(tmp_path / "w", tensors)


def test_missing_unknown_and_reshaped_tensors_are_named(tmp_path, network):
    from safetensors.torch import save_file

    tensors = dict(network.state_dict())
    missing, reshaped = list(tensors)[:2]
    del tensors[missing]
    tensors[reshaped] = torch.zeros(9, 9)
    save_file({**tensors, "stranger": torch.zeros(1)}, tmp_path / "w")
    shape = tuple(network.state_dict()[reshaped].shape)
    with pytest.raises(ModelError) as caught:
        read_weights(tmp_path / "w", network.state_dict())
    assert f"it lacks {missing}, and has unknown stranger, and has of another shape {reshaped}" in str(
        caught.value
    )
    assert f"((9, 9) instead of {shape})" in str(caught.value)


def test_many_missing_tensors_are_counted(tmp_path, network):
    from safetensors.torch import save_file

    save_file({}, tmp_path / "w")
    n_rest = len(network.state_dict()) - 3
    with pytest.raises(ModelError, match=rf"it lacks \S+, \S+, \S+ and {n_rest} more;"):
        read_weights(tmp_path / "w", network.state_dict())


def test_weights_of_another_width_are_refused(tmp_path, network):
    write_weights(tmp_path / "w", network)
    wider = build_network(NetworkConfig(**{**TINY_NETWORK.to_json(), "stem_width": 4}))
    with pytest.raises(ModelError, match=r"another shape encoder\.stem.*instead of"):
        read_weights(tmp_path / "w", wider.state_dict())


@pytest.mark.parametrize("content", [b"", b"not tensors", b"\xff" * 64])
def test_files_that_are_not_safetensors_are_named(tmp_path, network, content):
    (tmp_path / "w").write_bytes(content)
    with pytest.raises(ModelError, match="cannot be read as safetensors"):
        read_weights(tmp_path / "w", network.state_dict())
    with pytest.raises(ModelError, match="cannot be read as safetensors"):
        count_stored_parameters(tmp_path / "w")
