import json

import pytest

from sxt.errors import ModelError
from sxt.models import ModelClass, ModelConfig
from sxt.models.config import read_config


@pytest.fixture
def full_config(make_config):
    return make_config(
        pixel_size_nm=9.8,
        absorbing_is="bright",
        normalisation="robust",
        threshold=0.4,
        training={"data": "simulated", "seed": 3, "steps": 400, "hours": 0.5, "flips": True, "teacher": None},
        metrics={"dice": 0.81, "dice_membrane": 0.81},
        description="For tests.",
        limits=("Beads.", "Edges."),
        licence="MIT",
        source="made here",
        parent="tiny:0.9",
        weights_sha256="0" * 64,
    )


def test_a_configuration_survives_a_json_round_trip(full_config):
    assert ModelConfig.from_json(json.loads(json.dumps(full_config.to_json()))) == full_config


def test_defaults_survive_a_json_round_trip(make_config):
    config = make_config(pixel_size_nm=None)
    assert ModelConfig.from_json(json.loads(json.dumps(config.to_json()))) == config


def test_fields_with_defaults_may_be_absent(make_config):
    values = make_config().to_json()
    del values["threshold"], values["limits"]
    assert ModelConfig.from_json(values) == make_config()


def test_later_changes_of_the_given_records_do_not_reach_the_configuration(make_config):
    metrics = {"dice": 0.5}
    config = make_config(metrics=metrics)
    metrics["dice"] = 0.9
    assert config.metrics == {"dice": 0.5}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"schema_version": 2}, r"schema version 2, but this program knows up to 1; use a newer version"),
        ({"schema_version": "1"}, r"schema_version is '1'"),
        ({"schema_version": True}, r"schema_version is True"),
        ({"colour": 1, "also": 2}, r"unknown fields: also, colour; the known ones are name, version"),
        ({"classes": "membrane"}, r"classes is 'membrane'; it is a list"),
        ({"classes": [1]}, r"classes is 1; it is an object"),
        ({"classes": [{"value": 1, "name": "a"}]}, r"The class lacks colour"),
        (
            {"classes": [{"value": 1, "name": "a", "colour": "#000000", "x": 1}]},
            r"The class has unknown fields: x;",
        ),
        ({"classes": []}, r"1 foreground channels but 0 classes"),
        ({"network": []}, r"network is \[\]; it is an object"),
        ({"network": {"stem_width": 3}}, r"widths .* are not usable"),
        ({"name": "../x"}, r"'\.\./x' is not a model name"),
        ({"version": 1}, r"version is 1; it is a text"),
        ({"pixel_size_nm": 0}, r"pixel size 0 is not usable"),
        ({"pixel_size_nm": "10"}, r"pixel size '10' is not usable"),
        ({"threshold": 1.0}, r"threshold is 1\.0; give a probability"),
        ({"threshold": None}, r"threshold is None; give a probability"),
        ({"absorbing_is": "grey"}, r"absorbing_is is 'grey'; use one of dark, bright"),
        ({"normalisation": ["zscore"]}, r"normalisation is \['zscore'\]; use one of zscore, robust"),
        ({"training": {"seeds": [1, 2]}}, r"training\['seeds'\] is \[1, 2\]"),
        ({"metrics": {"dice": "good"}}, r"metrics\['dice'\] is 'good'; use a finite number"),
        ({"metrics": {"dice": float("nan")}}, r"metrics\['dice'\] is nan"),
        ({"metrics": 0.8}, r"metrics is 0\.8; it is an object"),
        ({"limits": [1]}, r"limits is 1; it is a text"),
        ({"parent": "no such/name"}, r"'no such/name' is not a model name"),
        ({"weights_sha256": "abc"}, r"weights_sha256 is 'abc'; it is 64"),
        ({"created": "31.1.2026"}, r"date '31\.1\.2026' is not usable"),
    ],
)
def test_what_is_out_of_its_range_is_named(full_config, changes, sentence):
    with pytest.raises(ModelError, match=sentence):
        ModelConfig.from_json({**full_config.to_json(), **changes})


def test_required_fields_that_are_missing_are_named(full_config):
    values = full_config.to_json()
    del values["network"], values["created"]
    with pytest.raises(ModelError, match="lacks network, created"):
        ModelConfig.from_json(values)


def test_class_values_may_not_repeat(make_config):
    twice = (ModelClass(1, "a", "#000000"), ModelClass(1, "b", "#111111"))
    with pytest.raises(ModelError, match=r"class values \[1, 1\] repeat"):
        make_config(classes=twice)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ((0, "a", "#000000"), "class value is 0"),
        ((255, "a", "#000000"), "class value is 255"),
        ((True, "a", "#000000"), "class value is True"),
        ((1, " ", "#000000"), "name of class 1 is ' '"),
        ((1, "a", "red"), "colour of class 'a' is 'red'"),
        ((1, "a", "#00000g"), "colour of class 'a' is '#00000g'"),
    ],
)
def test_a_class_has_a_value_a_name_and_a_colour(fields, sentence):
    with pytest.raises(ModelError, match=sentence):
        ModelClass(*fields)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "is not JSON"),
        ("[]", "is a JSON object, but this is a list"),
        ('{"schema_version": 9}', "schema version 9"),
    ],
)
def test_a_damaged_file_is_named(tmp_path, text, sentence):
    path = tmp_path / "config.json"
    path.write_text(text)
    with pytest.raises(ModelError, match=rf"config\.json.*{sentence}"):
        read_config(path)


def test_bytes_that_are_not_text_are_named(tmp_path):
    path = tmp_path / "config.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ModelError, match="is not JSON"):
        read_config(path)


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(ModelError, match="No such file"):
        read_config(tmp_path / "config.json")
