import dataclasses

import numpy as np
import pytest

from sxt.errors import Cancelled, SettingsError
from sxt.network import NetworkConfig, build_network
from sxt.progress import CancelToken
from sxt.segment import (
    SegmentationRun,
    SegmentSettings,
    TileSettings,
    choose_device,
    mask_from_probability,
    segment_tomogram,
)
from sxt.segment.predict import Predictor
from sxt.tomogram import Tomogram


def normalised(values: np.ndarray) -> np.ndarray:
    values = values.astype(np.float64)
    return (values - values.mean(axis=(1, 2), keepdims=True)) / values.std(axis=(1, 2), keepdims=True)


def test_pointwise_model_marks_what_is_darker_than_the_mean(pointwise_model, noise_tomogram):
    tomogram = noise_tomogram(5, 40, 50)
    result = segment_tomogram(tomogram, pointwise_model())
    z = normalised(tomogram.data)
    assert np.abs(result.probability[0] - 255 / (1 + np.exp(2 * z))).max() <= 0.51
    assert np.array_equal(result.mask == 1, result.probability[0] >= 128)
    assert (result.mask.dtype, result.probability.dtype) == (np.uint8, np.uint8)


@pytest.mark.parametrize("slab_slices", [1, 2, 100])
def test_result_does_not_depend_on_the_slab(tiny_model, noise_tomogram, slab_slices):
    tomogram = noise_tomogram(5, 40, 50)
    expected = segment_tomogram(tomogram, tiny_model).probability
    settings = SegmentSettings(slab_slices=slab_slices)
    assert np.array_equal(segment_tomogram(tomogram, tiny_model, settings=settings).probability, expected)


def test_slice_range_gives_the_same_slices_as_the_whole(tiny_model, noise_tomogram):
    tomogram = noise_tomogram(6, 32, 32)
    whole = segment_tomogram(tomogram, tiny_model)
    part = segment_tomogram(tomogram, tiny_model, settings=SegmentSettings(first_slice=2, last_slice=5))
    assert part.first_slice == 2
    assert np.array_equal(part.probability, whole.probability[:, 2:5])


def test_each_class_gets_its_value_and_the_likelier_one_wins(pointwise_model, noise_tomogram):
    tomogram = noise_tomogram(2, 40, 40)
    result = segment_tomogram(tomogram, pointwise_model(gains=(0.2, 0.6, -0.2)))
    z = normalised(tomogram.data)
    sure = np.abs(z) > 0.02
    assert np.all(result.mask[sure & (z < 0)] == 2)
    assert np.all(result.mask[sure & (z > 0)] == 3)


def test_mask_follows_from_the_stored_probability_and_a_threshold():
    probability = np.array([[[0, 127, 128, 229, 230]], [[0, 0, 128, 255, 10]]], dtype=np.uint8)
    values = np.array([1, 7], dtype=np.uint8)
    assert mask_from_probability(probability, threshold=0.5, class_values=values).tolist() == [
        [0, 0, 1, 7, 1]
    ]
    assert mask_from_probability(probability, threshold=0.9, class_values=values).tolist() == [
        [0, 0, 0, 7, 1]
    ]


def test_threshold_of_the_model_is_used_unless_one_is_given(pointwise_model, noise_tomogram):
    tomogram = noise_tomogram(2, 40, 40)
    model = pointwise_model(threshold=0.8)
    assert np.array_equal(
        segment_tomogram(tomogram, model).mask == 1, segment_tomogram(tomogram, model).probability[0] > 204
    )
    asked = segment_tomogram(tomogram, model, settings=SegmentSettings(threshold=0.1))
    assert np.array_equal(asked.mask == 1, asked.probability[0] > 25)


def test_missing_voxels_and_constant_slices_are_background_and_counted(pointwise_model):
    values = np.random.default_rng(0).normal(100, 20, (4, 32, 32)).astype(np.float32)
    values[1] = 7
    values[2, :3, :5] = np.nan
    run = SegmentationRun(
        Tomogram(values, absorbing_is="dark"), pointwise_model(), settings=SegmentSettings(slab_slices=3)
    )
    slabs = list(run.slabs(cancel=CancelToken()))
    probability = np.concatenate([slab.probability for slab in slabs], axis=1)
    assert np.all(probability[0, 1] == 0)
    assert np.all(probability[0, 2, :3, :5] == 0)
    assert run.log.constant_slices == [1]
    assert run.log.n_missing_voxels == 15
    assert probability[0, 3].mean() == pytest.approx(127.5, abs=5)


def test_bright_absorbing_tomogram_gives_the_mask_of_the_dark_one(tiny_model, noise_tomogram):
    tomogram = noise_tomogram(3, 48, 48)
    inverted = dataclasses.replace(tomogram, data=200 - tomogram.data, absorbing_is=None)
    settings = SegmentSettings(absorbing_is="bright")
    difference = (
        segment_tomogram(tomogram, tiny_model).probability.astype(int)
        - segment_tomogram(inverted, tiny_model, settings=settings).probability
    )
    assert np.abs(difference).max() <= 1


def test_other_pixel_size_is_rescaled_for_the_network_and_brought_back(pointwise_model):
    y, x = np.mgrid[:120, :160]
    wave = (np.sin(y / 17) + np.cos(x / 13)).astype(np.float32)[None]
    tomogram = Tomogram(wave, voxel_size_nm=(10, 10, 10), absorbing_is="dark")
    model = pointwise_model(pixel_size_nm=20.0)
    result = segment_tomogram(tomogram, model)
    assert model.network.shapes_seen == [(1, 1, 64, 80)]  # 60 x 80 px, padded to a multiple of 16
    plain = segment_tomogram(tomogram, model, settings=SegmentSettings(rescale=False))
    assert model.network.shapes_seen[1:] == [(1, 1, 128, 160)]
    assert result.mask.shape == (1, 120, 160)
    assert np.mean(result.mask != plain.mask) < 0.01
    assert np.abs(result.probability.astype(int) - plain.probability).mean() < 2
    assert any("rescaled to 60 x 80 px" in note for note in result.notes)


def test_pixel_size_within_a_fifth_of_the_models_is_left_alone(pointwise_model, noise_tomogram):
    model = pointwise_model(pixel_size_nm=20.0)
    segment_tomogram(noise_tomogram(1, 32, 48, voxel_size_nm=(20, 17, 23.9)), model)
    assert model.network.shapes_seen == [(1, 1, 32, 48)]


def test_unknown_voxel_size_is_told(pointwise_model, noise_tomogram):
    result = segment_tomogram(noise_tomogram(1, 16, 16), pointwise_model(pixel_size_nm=20.0))
    assert any("voxel size is unknown" in note for note in result.notes)


def test_pixel_size_far_off_is_refused(pointwise_model, noise_tomogram):
    tomogram = noise_tomogram(1, 16, 16, voxel_size_nm=(1000, 1000, 1000))
    with pytest.raises(SettingsError, match="more than 12 times off the model's 20 nm"):
        segment_tomogram(tomogram, pointwise_model(pixel_size_nm=20.0))


def test_neighbouring_slices_are_given_as_channels_and_repeated_at_the_ends(tmp_path, noise_tomogram):
    model_inputs = []

    class Recorder:
        def label_logit(self, x):
            model_inputs.append(x.clone())
            return x[:, :1]

    tomogram = noise_tomogram(4, 16, 16)
    run_model = _model_with_channels(tmp_path, 3)
    run = SegmentationRun(tomogram, run_model, settings=SegmentSettings(slab_slices=2))
    run._predictor._network = Recorder()
    list(run.slabs(cancel=CancelToken()))
    z = normalised(tomogram.data)
    seen = np.concatenate(model_inputs)
    assert seen.shape == (4, 3, 16, 16)
    for position, neighbours in enumerate([(0, 0, 1), (0, 1, 2), (1, 2, 3), (2, 3, 3)]):
        for channel, neighbour in enumerate(neighbours):
            assert np.allclose(seen[position, channel], z[neighbour], atol=1e-4)


def _model_with_channels(tmp_path, in_channels):
    from sxt.models import Model
    from tests.segment.conftest import model_config

    config = NetworkConfig(
        in_channels=in_channels, stem_width=2, stage_widths=(2,), neck_width=2, head_width=2, neck_depth=1
    )
    return Model(network=build_network(config).eval(), config=model_config(config), path=tmp_path)


def test_cancelling_twice_is_as_cancelling_once(tiny_model, noise_tomogram):
    cancel = CancelToken()
    reports = []

    def cancel_at_the_second_slab(progress):
        reports.append(progress.done)
        if progress.done >= 2:
            cancel.cancel()
            cancel.cancel()

    with pytest.raises(Cancelled):
        segment_tomogram(
            noise_tomogram(8, 16, 16),
            tiny_model,
            settings=SegmentSettings(slab_slices=2),
            progress=cancel_at_the_second_slab,
            cancel=cancel,
        )
    assert reports == [0, 2]


def test_package_is_callable_and_still_a_package(tiny_model, noise_tomogram):
    import sxt

    tomogram = noise_tomogram(1, 16, 16)
    assert np.array_equal(sxt.segment(tomogram, tiny_model).mask, segment_tomogram(tomogram, tiny_model).mask)
    assert sxt.segment.SegmentSettings is SegmentSettings


def test_tiled_result_agrees_with_a_one_pass_result_away_from_the_borders(tiny_model, noise_tomogram):
    tomogram = noise_tomogram(1, 320, 320)
    tiled = segment_tomogram(tomogram, tiny_model, settings=SegmentSettings(tiles=TileSettings(160, 80)))
    whole = segment_tomogram(tomogram, tiny_model)
    assert np.abs(tiled.probability.astype(int) - whole.probability).max() <= 1


def test_predictor_is_given_the_settings(tiny_model, noise_tomogram):
    settings = SegmentSettings(tta="d4", precision="fp32", tiles=TileSettings(64, 16))
    run = SegmentationRun(
        noise_tomogram(1, 16, 16),
        tiny_model,
        settings=settings,
        device=choose_device("cpu", precision="fp32"),
    )
    assert isinstance(run._predictor, Predictor)
    assert run.decisions()["tile_px"] == 64
    assert len(run._predictor._transforms) == 8
