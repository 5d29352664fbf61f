from sxt.ui.metrics.labelled import describe_measured, list_labelled
from tests.ui.items import add_tomogram
from tests.ui.metrics.items import LABELLED
from tests.ui.viewer.conftest import ramp


def hold_out(bench, slices):
    labels = bench.workspace.find_labels(bench.tomogram.id)
    labels.hold_out.write(slices)


def test_only_tomograms_with_labelled_slices_are_listed(bench, tmp_path):
    other = add_tomogram(bench.workspace, tmp_path, ramp((3, 20, 30)), name="other")
    bench.workspace.open_labels(other.id, by="ada")
    (found,) = list_labelled(bench.workspace)
    assert (found.tomogram.id, found.slices, found.held_out) == (bench.tomogram.id, LABELLED, ())


def test_held_out_slices_alone_are_measured_where_there_are_any(bench):
    hold_out(bench, [3, 4])
    (found,) = list_labelled(bench.workspace)
    assert found.measured(hold_out_only=True) == (3,)
    assert found.measured(hold_out_only=False) == LABELLED
    assert describe_measured([found], hold_out_only=True) == "1 slice of 4 labelled slices are measured."


def test_it_is_said_when_nothing_is_held_out(bench):
    (found,) = list_labelled(bench.workspace)
    assert found.measured(hold_out_only=True) == LABELLED
    assert describe_measured([found], hold_out_only=True) == (
        "No slice is held out: all 4 labelled slices are measured."
    )
    assert "also those that may be trained on" in describe_measured([found], hold_out_only=False)
