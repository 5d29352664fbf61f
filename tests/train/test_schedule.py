import pytest
import torch
from torch import nn

from sxt.train.schedule import learning_rate_at, ramp_at, update_average
from sxt.train.state import LoopState, plan_stretches


def test_the_rate_rises_then_falls_along_a_cosine():
    rates = [
        learning_rate_at(p, peak=2.0, warm_up_share=0.1, final_share=0.01) for p in (0.05, 0.1, 0.55, 1.0)
    ]
    assert rates == pytest.approx([1.0, 2.0, 1.01, 0.02])


def test_a_rate_can_stay():
    assert learning_rate_at(0.7, peak=5e-5, warm_up_share=0.0, final_share=1.0) == pytest.approx(5e-5)


def test_a_ramp_ends_at_one():
    assert [ramp_at(p, ramp_share=0.4) for p in (0.0, 0.4, 1.0)] == pytest.approx([0.006738, 1, 1], abs=1e-6)


def test_an_average_moves_towards_the_network():
    network, average = nn.BatchNorm2d(1), nn.BatchNorm2d(1)
    with torch.no_grad():
        network.weight.fill_(3.0)
    network.running_mean.fill_(2.0)
    update_average(average, network, decay=0.5, step=100)
    assert (average.weight.item(), average.running_mean.item()) == (2.0, 1.0)
    update_average(average, network, decay=0.0, step=100)
    assert average.weight.item() == 3.0


def test_rounds_share_the_budget():
    stretches = plan_stretches(
        steps=10, seconds=None, learning_rate=1.0, n_validations=20, n_rounds=2, round_share=0.2
    )
    assert [each.steps for each in stretches] == [6, 2, 2]
    assert [each.learning_rate for each in stretches] == [1.0, 0.5, 0.5]
    timed = plan_stretches(
        steps=None, seconds=120.0, learning_rate=1.0, n_validations=20, n_rounds=1, round_share=0.25
    )
    assert [each.seconds for each in timed] == [90.0, 30.0]
    assert timed[0].progress(LoopState(1, stretch_seconds=45.0)) == 0.5


def test_the_first_of_equal_stretches_is_the_best():
    state = LoopState(1, best_dice=[0.5, 0.5, 0.4])
    assert state.best_stretch() == 0
    assert LoopState(1, best_dice=[0.5, 0.6]).best_stretch() == 1


def test_a_state_survives_json():
    state = LoopState(2, step=3, sums={"loss": 1.5}, n_sums={"loss": 3})
    state.take_row(dice=None)
    assert state.rows[0]["loss"] == 0.5
    assert LoopState.from_json(state.to_json()) == state
