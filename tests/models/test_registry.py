import json
import os
import threading
from pathlib import Path

import pytest
import torch

from sxt.errors import ModelError, ResourceError, SettingsError
from sxt.files import sha256_of_file
from sxt.models import SHIPPED_ROOT, find_model, list_models, load_model, next_version, registry, save_model


@pytest.fixture
def save(tmp_path, make_config, network):
    def save_version(version="1", *, name="tiny", root="models", **options):
        return save_model(tmp_path / root, make_config(name=name, version=version), network, **options)

    return save_version


def test_a_saved_model_loads_with_the_same_outputs(tmp_path, save, network):
    path = save()
    model = load_model("tiny:1", root=tmp_path / "models")
    slices = torch.rand(2, 1, 16, 24)
    with torch.no_grad():
        expected, found = network.eval()(slices), model.network(slices)
    assert torch.equal(found.label, expected.label)
    assert torch.equal(found.image, expected.image)
    assert model.spec == "tiny:1"
    assert model.path == path == tmp_path / "models/tiny/1"
    assert model.sha256 == sha256_of_file(path / "weights.safetensors")


def test_a_loaded_network_is_in_evaluation_mode_float32_and_trainable(tmp_path, save):
    save()
    network = load_model("tiny", root=tmp_path / "models").network
    assert not network.training
    assert {p.dtype for p in network.parameters()} == {torch.float32}
    assert all(p.requires_grad for p in network.parameters())
    assert not any(t.is_meta for t in network.state_dict().values())


def test_loading_leaves_the_random_generator_alone(tmp_path, save):
    save()
    state = torch.random.get_rng_state()
    load_model("tiny", root=tmp_path / "models")
    assert torch.equal(torch.random.get_rng_state(), state)


def test_a_version_folder_holds_its_files_and_nothing_else(save):
    path = save(card="# mine\n", curves_csv="step,loss\n1,0.5\n", picture_png=b"a picture")
    assert sorted(each.name for each in path.iterdir()) == [
        "card.md",
        "config.json",
        "curves.csv",
        "picture.png",
        "weights.safetensors",
    ]
    assert (path / "picture.png").read_bytes() == b"a picture"
    allowed = path.stat().st_mode & 0o666
    assert {each.stat().st_mode & 0o777 for each in path.iterdir()} == {allowed}
    assert (path / "card.md").read_text() == "# mine\n"
    assert (path / "curves.csv").read_text() == "step,loss\n1,0.5\n"
    assert [each.name for each in path.parent.iterdir()] == ["1"]


def test_the_card_is_rendered_with_the_hash(save):
    path = save()
    assert f"`{sha256_of_file(path / 'weights.safetensors')}`" in (path / "card.md").read_text()
    assert not (path / "curves.csv").exists()


def test_a_bare_name_takes_the_newest_version(tmp_path, save):
    for version in ("2", "10", "1.2", "1"):
        save(version)
    assert find_model("tiny", root=tmp_path / "models").name == "10"
    assert load_model("tiny:1.2", root=tmp_path / "models").config.version == "1.2"


def test_several_roots_are_searched_and_the_first_wins(tmp_path, save):
    first = save("1", root="a")
    save("1", root="b")
    second = save("2", root="b")
    roots = [tmp_path / "a", str(tmp_path / "b"), tmp_path / "absent"]
    assert find_model("tiny:1", root=roots) == first
    assert find_model("tiny", root=roots) == second
    assert [(each.spec, each.path) for each in list_models(roots)] == [("tiny:2", second), ("tiny:1", first)]


def test_an_unknown_name_lists_what_there_is(tmp_path, save):
    save("2")
    save("10")
    with pytest.raises(
        ModelError, match=r"no model version 'other' in .*models; there is: tiny:2, tiny:10\."
    ):
        load_model("other", root=tmp_path / "models")
    with pytest.raises(ModelError, match=r"no model version 'tiny:3' .* tiny:2, tiny:10\."):
        load_model("tiny:3", root=tmp_path / "models")
    with pytest.raises(ModelError, match="there is: none at all"):
        load_model("tiny", root=tmp_path / "empty")


def test_the_shipped_root_is_searched_by_default(tmp_path, save, monkeypatch):
    save()
    assert Path(__file__).resolve().parents[2] / "weights" == SHIPPED_ROOT
    monkeypatch.setattr(registry, "SHIPPED_ROOT", tmp_path / "models")
    assert load_model("tiny").spec == "tiny:1"


def test_damaged_weights_are_refused_by_their_hash(tmp_path, save):
    weights = save() / "weights.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    with pytest.raises(
        ModelError, match=r"weights\.safetensors is damaged: its SHA-256 is [0-9a-f]{12}…, but"
    ):
        load_model("tiny", root=tmp_path / "models")


def test_a_version_without_weights_is_refused(tmp_path, save):
    (save() / "weights.safetensors").unlink()
    with pytest.raises(ModelError, match=r"weights\.safetensors cannot be read \(No such file"):
        load_model("tiny", root=tmp_path / "models")


def test_weights_of_another_network_are_refused(tmp_path, save):
    path = save() / "config.json"
    values = json.loads(path.read_text())
    values["network"]["stage_widths"] = [2, 4, 16384]
    path.write_text(json.dumps(values))
    with pytest.raises(ModelError, match=r"does not match the network in its config\.json: it lacks"):
        load_model("tiny", root=tmp_path / "models")


def test_a_renamed_folder_is_refused(tmp_path, save):
    path = save()
    path.rename(path.with_name("2"))
    with pytest.raises(ModelError, match="says it is tiny:1, but it lies in tiny/2"):
        load_model("tiny:2", root=tmp_path / "models")


def test_an_existing_version_is_not_overwritten(save):
    path = save()
    before = {each.name: each.read_bytes() for each in path.iterdir()}
    with pytest.raises(ModelError, match="exists already; save under another version"):
        save(card="other")
    assert {each.name: each.read_bytes() for each in path.iterdir()} == before


def test_of_two_that_save_the_same_version_at_once_one_is_refused(save, monkeypatch):
    both_written = threading.Barrier(2, timeout=30)
    move = registry._move_into_place
    monkeypatch.setattr(registry, "_move_into_place", lambda *paths: (both_written.wait(), move(*paths)))
    outcomes = []

    def work(card):
        try:
            outcomes.append(save(card=card))
        except ModelError as error:
            outcomes.append(str(error))

    threads = [threading.Thread(target=work, args=(card,)) for card in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (path,) = [each for each in outcomes if isinstance(each, Path)]
    (refusal,) = [each for each in outcomes if isinstance(each, str)]
    assert "exists already" in refusal
    assert [each.name for each in path.parent.iterdir()] == ["1"]


def test_a_save_that_fails_leaves_nothing(tmp_path, save, network):
    with torch.no_grad():
        next(network.parameters()).fill_(float("nan"))
    with pytest.raises(ModelError, match="NaN"):
        save()
    assert list((tmp_path / "models/tiny").iterdir()) == []
    assert list_models(tmp_path / "models") == []


def test_a_network_of_other_sizes_is_not_saved(tmp_path, make_config, network):
    config = make_config()
    with pytest.raises(ModelError, match="is not the one its configuration describes"):
        save_model(tmp_path, config, network.encoder)
    assert list(tmp_path.iterdir()) == []


def test_half_written_and_foreign_folders_are_not_listed(tmp_path, save):
    path = save()
    (path.parent / ".2.abcd.partial").mkdir()
    (path.parent / "Notes").mkdir()
    (tmp_path / "models/README.md").write_text("a file")
    assert [each.spec for each in list_models(tmp_path / "models")] == ["tiny:1"]


def test_a_summary_counts_parameters_and_bytes(tmp_path, save, make_config, network):
    path = save()
    (summary,) = list_models(tmp_path / "models")
    assert summary.n_parameters == sum(
        t.numel() for t in network.state_dict().values() if t.is_floating_point()
    )
    assert summary.size_bytes == sum(each.stat().st_size for each in path.iterdir())
    assert summary.config is not None
    assert summary.config.classes == make_config().classes
    assert summary.fault == ""


def test_a_damaged_version_is_listed_with_its_fault(tmp_path, save):
    save("1")
    (save("2") / "config.json").write_text("{")
    (save("3") / "weights.safetensors").write_bytes(b"")
    third, second, first = list_models(tmp_path / "models")
    assert "cannot be read as safetensors" in third.fault
    assert "is not JSON" in second.fault
    assert second.config is None
    assert first.fault == ""


def test_only_the_newest_version_of_the_default_model_is_marked(tmp_path, save):
    for name, version in (("membrane", "9"), ("membrane", "10"), ("zebra", "11")):
        save(version, name=name)
    assert [(each.spec, each.is_default) for each in list_models(tmp_path / "models")] == [
        ("membrane:10", True),
        ("membrane:9", False),
        ("zebra:11", False),
    ]


def test_the_next_version_is_a_whole_number_above_all_roots(tmp_path, save):
    assert next_version("tiny", root=tmp_path / "a") == "1"
    save("1.7", root="a")
    assert next_version("tiny", root=tmp_path / "a") == "2"
    save("10", root="b")
    save("beta", root="b")
    assert next_version("tiny", root=[tmp_path / "a", tmp_path / "b"]) == "11"
    with pytest.raises(ModelError, match="is not a model name"):
        next_version("../tiny", root=tmp_path)


def test_an_absent_device_is_named(tmp_path, save):
    save()
    with pytest.raises(
        ResourceError, match=r"device 'cuda:99' is absent: torch finds \d+ CUDA devices; use 'cpu'"
    ):
        load_model("tiny", root=tmp_path / "models", device="cuda:99")
    with pytest.raises(SettingsError, match="'quantum' is not a device"):
        load_model("tiny", root=tmp_path / "models", device="quantum")


@pytest.mark.gpu
def test_a_model_loads_onto_the_gpu(tmp_path, save):
    save()
    model = load_model("tiny", root=tmp_path / "models", device="cuda")
    assert {tensor.device.type for tensor in model.network.state_dict().values()} == {"cuda"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_a_folder_without_permission_is_named(tmp_path):
    folder = tmp_path / "models"
    folder.mkdir(mode=0o000)
    with pytest.raises(ModelError, match=r"cannot be listed \(Permission denied\)"):
        list_models(folder)


def test_a_file_in_place_of_the_folder_is_named(tmp_path):
    (tmp_path / "models").write_text("")
    with pytest.raises(ModelError, match=r"cannot be listed \(Not a directory\)"):
        list_models(tmp_path / "models")
