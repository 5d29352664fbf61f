"""Random masks and simple bodies for the tests of metrics."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

SHAPES = st.tuples(st.integers(1, 6), st.integers(1, 9), st.integers(1, 9))


@st.composite
def mask_pairs(draw, *, values=(0, 1), truth_values=None):
    """A prediction and a truth of one shape, uint8."""
    shape = draw(SHAPES)
    choice = st.sampled_from(list(truth_values or values))
    truth = draw(arrays.arrays(np.uint8, shape, elements=choice))
    prediction = draw(arrays.arrays(np.uint8, shape, elements=st.sampled_from(list(values))))
    return prediction, truth


@st.composite
def probabilities(draw):
    """A probability and a truth with both classes and unlabelled voxels."""
    shape = draw(SHAPES)
    truth = draw(arrays.arrays(np.uint8, shape, elements=st.sampled_from([0, 1, 1, 255])))
    probability = draw(arrays.arrays(np.uint8, shape, elements=st.integers(0, 255)))
    return probability, truth


def ball(shape, centre, radius, voxel_size=(1.0, 1.0, 1.0)):
    """A solid ball; centre in voxels, radius in the unit of the voxel size."""
    axes = np.ogrid[tuple(slice(n) for n in shape)]
    squares = sum(((a - c) * s) ** 2 for a, c, s in zip(axes, centre, voxel_size, strict=True))
    return (squares <= radius**2).astype(np.uint8)


def blobs(shape, *, seed, share=0.2, smooth=1.5):
    """Irregular bodies that fill a share of the volume."""
    from scipy import ndimage

    field = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=shape), smooth)
    return (field > np.quantile(field, 1 - share)).astype(np.uint8)
