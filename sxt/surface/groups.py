"""Split components into groups that can be meshed together without growing into one another."""

import cc3d
import numpy as np

from sxt.surface.components import Labels
from sxt.surface.settings import FULL_CONNECTIVITY, Connectivity


def group_components(labels: Labels, *, connectivity: Connectivity, n_classes: int) -> np.ndarray:
    """Give every component the number of a group in which no two components touch, not even at a corner.

    Parameters
    ----------
    labels : Labels
        k components.
    connectivity : {6, 26}
        How the components were found. Components of one class that were found with 26 never touch.
    n_classes : int
        Number of foreground classes.

    Returns
    -------
    np.ndarray
        (k,) int64, group numbers from 0.

    Notes
    -----
    A greedy colouring of the touching components in the order of their ids. Within a group every cell of 2 x 2 x 2
    voxels belongs to one component at most, so one pass of marching cubes over all of them keeps them apart.
    """
    groups = np.zeros(labels.id_of_label.max(), np.int64)
    if connectivity == FULL_CONNECTIVITY and n_classes == 1:
        return groups
    for index, neighbours in enumerate(_lower_neighbours(labels, len(groups))):
        taken = {int(groups[n]) for n in neighbours}
        groups[index] = next(g for g in range(len(taken) + 1) if g not in taken)
    return groups


def _lower_neighbours(labels: Labels, n_components: int) -> list[list[int]]:
    """List, for every component, the touching components of lower index."""
    neighbours: list[list[int]] = [[] for _ in range(n_components)]
    for pair in cc3d.contacts(labels.volume, connectivity=FULL_CONNECTIVITY, surface_area=False):
        first, second = sorted(int(labels.id_of_label[label]) - 1 for label in pair)
        if first >= 0 and first != second:
            neighbours[second].append(first)
    return neighbours
