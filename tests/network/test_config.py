import dataclasses
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sxt.errors import ModelError
from sxt.network import NetworkConfig

PUBLISHED_FIXTURE = Path(__file__).parents[1] / "data" / "parity" / "config.json"


def published_json() -> dict:
    return json.loads(PUBLISHED_FIXTURE.read_text())


def test_published_json_gives_the_published_network_at_a_sixteenth_of_its_widths():
    assert NetworkConfig.from_json(published_json()) == NetworkConfig().scaled(1 / 16)


widths = st.integers(1, 64).map(lambda n: 2 * n)


@given(
    config=st.builds(
        NetworkConfig,
        in_channels=st.sampled_from([1, 3, 5]),
        n_classes=st.integers(1, 9),
        stem_width=widths,
        stage_widths=st.lists(widths, min_size=1, max_size=6).map(tuple),
        neck_kernel_sizes=st.lists(st.integers(1, 5), min_size=1, max_size=4).map(tuple),
        dropout=st.floats(0, 0.9),
    )
)
def test_config_survives_a_round_trip_through_json_text(config):
    assert NetworkConfig.from_json(json.loads(json.dumps(config.to_json()))) == config


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"stage_widths": ()}, "at least one stage"),
        ({"stem_width": 7}, "even number"),
        ({"neck_width": 10**6}, "even number"),
        ({"in_channels": 2}, "must be odd"),
        ({"kernel_size": 4}, "must be odd"),
        ({"kernel_size": 1}, "must be odd, from 3 to 15"),
        ({"n_classes": 255}, "between 1 and 254"),
        ({"n_label_blocks": 0}, "between 1 and 254"),
        ({"dropout": 1.0}, "less than 1"),
        ({"neck_kernel_sizes": (0,)}, "between 1 and 15"),
    ],
)
def test_unusable_sizes_are_refused(changes, message):
    with pytest.raises(ModelError, match=message):
        dataclasses.replace(NetworkConfig(), **changes)


def test_unknown_field_is_named():
    with pytest.raises(ModelError, match="colour"):
        NetworkConfig.from_json({"colour": 3})


@pytest.mark.parametrize("values", [{"stem_width": "64"}, {"stage_widths": 64}, {"n_classes": True}])
def test_field_of_the_wrong_type_is_refused(values):
    with pytest.raises(ModelError, match="not of its type"):
        NetworkConfig.from_json(values)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.update(pooling="average"), "max pooling"),
        (lambda c: c.update(add_instead_of_concat_after_neck=True), "concatenation"),
        (lambda c: c["encoder"]["batch_norm"].update(active=False), "batch norm"),
        (lambda c: c["decoder_label"].update(use_skip_connections=False), "skip connections"),
        (lambda c: c["decoder_image"].update(n_stages=3), "number of stages"),
        (lambda c: c["decoder_label"].update(kernel_sizes=[5] * 5), "kernel size"),
        (lambda c: c["decoder_label"].update(n_filters=[8, 16, 8, 4, 4]), "mirror the encoder"),
        (lambda c: c["neck"].pop("depth"), "lacks or garbles"),
        (lambda c: c.update(neck=5), "lacks or garbles"),
    ],
)
def test_published_json_of_a_form_not_built_here_says_so(change, message):
    values = published_json()
    change(values)
    with pytest.raises(ModelError, match=message):
        NetworkConfig.from_json(values)
