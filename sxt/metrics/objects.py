"""Objects found, missed and invented: components matched one to one by their overlap."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from sxt.metrics.components import Connectivity, Objects, Overlaps, OverlapStream
from sxt.metrics.pair import MaskPair, read_slabs
from sxt.progress import CancelToken, ProgressCallback, ignore_progress

STAGE = "match objects"
IOU_THRESHOLDS = (0.1, 0.3, 0.5, 0.7, 0.9)
MAIN_THRESHOLD = 0.5
"""An overlap by which two objects are taken for the same; from here on no object can match two others."""

DEFAULT_MIN_VOXELS = 64
"""Smallest object that counts: 4 x 4 x 4 voxels, below which a shape is not resolved."""

BELONGS = 0.5
"""An object belongs to another that holds more than this share of its voxels."""


@dataclass(frozen=True)
class ObjectTable:
    """The objects of one mask; arrays (n,) or (n, 3).

    Parameters
    ----------
    voxels, centre_px, first_px, last_px
        As in `Objects`, in voxels of the prediction's grid, (z, y, x).
    best_iou : ndarray
        Largest overlap, intersection over union, with an object of the other mask; 0 where there is none.
    partner : ndarray
        int64: the object of the other mask that it is matched with at an IoU of 0.5, from 1; 0 where missed or wrong.
    """

    voxels: np.ndarray
    centre_px: np.ndarray
    first_px: np.ndarray
    last_px: np.ndarray
    best_iou: np.ndarray
    partner: np.ndarray

    def __len__(self) -> int:
        return len(self.voxels)


@dataclass(frozen=True)
class ObjectScores:
    """Objects matched at several IoU thresholds; arrays (thresholds,).

    Parameters
    ----------
    iou_threshold : ndarray
    tp, fp, fn : ndarray
        int64: matched, wrongly found and missed objects.
    precision, recall, f1 : ndarray
        1 where neither mask has an object, 0 where one has none.
    segmentation_quality, panoptic_quality : ndarray
        Mean IoU of matched objects (0 where there is none), and that times F1: Kirillov et al. 2019 (arXiv
        1801.00868).
    n_split : int
        True objects to which two or more predicted ones belong, each with more than half of its voxels.
    n_merged : int
        Predicted objects to which two or more true ones belong in that way.
    n_dropped_truth, n_dropped_prediction : int
        Objects below the smallest size, which are left out of everything.
    truth, prediction : ObjectTable
    """

    iou_threshold: np.ndarray
    tp: np.ndarray
    fp: np.ndarray
    fn: np.ndarray
    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray
    segmentation_quality: np.ndarray
    panoptic_quality: np.ndarray
    n_split: int
    n_merged: int
    n_dropped_truth: int
    n_dropped_prediction: int
    truth: ObjectTable
    prediction: ObjectTable


def score_objects(
    pair: MaskPair,
    value: int,
    *,
    connectivity: Connectivity = 26,
    min_voxels: int = DEFAULT_MIN_VOXELS,
    iou_thresholds: tuple[float, ...] = IOU_THRESHOLDS,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> ObjectScores:
    """Match the components of one class, read slab by slab; unlabelled voxels belong to no object."""
    stream = OverlapStream(connectivity=connectivity)
    for slab in read_slabs(pair, stage=STAGE, progress=progress, cancel=cancel):
        stream.add(slab.truth == value, (slab.prediction == value) & slab.is_known)
    truth, prediction, overlaps = stream.finish()
    return match_objects(truth, prediction, overlaps, min_voxels=min_voxels, iou_thresholds=iou_thresholds)


def match_objects(
    truth: Objects,
    prediction: Objects,
    overlaps: Overlaps,
    *,
    min_voxels: int = 0,
    iou_thresholds: tuple[float, ...] = IOU_THRESHOLDS,
) -> ObjectScores:
    """Score the objects of two masks by their overlaps.

    Notes
    -----
    At each threshold as many objects as possible are matched one to one, and of such matchings the one with the
    largest sum of IoU is taken; above 0.5 there is only one. Thresholds are inclusive.
    """
    kept_truth, kept_prediction = truth.voxels >= min_voxels, prediction.voxels >= min_voxels
    is_kept = kept_truth[overlaps.first - 1] & kept_prediction[overlaps.second - 1]
    row = (np.cumsum(kept_truth) - 1)[overlaps.first[is_kept] - 1]
    column = (np.cumsum(kept_prediction) - 1)[overlaps.second[is_kept] - 1]
    shared = overlaps.voxels[is_kept]
    sizes = truth.voxels[kept_truth], prediction.voxels[kept_prediction]
    iou = shared / (sizes[0][row] + sizes[1][column] - shared)
    n = len(sizes[0]), len(sizes[1])
    matched = [match_one_to_one(row, column, iou, threshold) for threshold in iou_thresholds]
    tp = np.array([len(each) for each in matched])
    quality = np.array([iou[each].mean() if len(each) else 0.0 for each in matched])
    fp, fn = n[1] - tp, n[0] - tp
    f1 = _share(2 * tp, 2 * tp + fp + fn)
    main = match_one_to_one(row, column, iou, MAIN_THRESHOLD)
    return ObjectScores(
        iou_threshold=np.array(iou_thresholds, np.float64),
        tp=tp,
        fp=fp,
        fn=fn,
        precision=_share(tp, tp + fp) if n[1] else np.full(len(tp), float(not n[0])),
        recall=_share(tp, tp + fn) if n[0] else np.full(len(tp), float(not n[1])),
        f1=f1,
        segmentation_quality=quality,
        panoptic_quality=quality * f1 if any(n) else f1,
        n_split=_count_shared(row[shared > BELONGS * sizes[1][column]]),
        n_merged=_count_shared(column[shared > BELONGS * sizes[0][row]]),
        n_dropped_truth=int(np.sum(~kept_truth)),
        n_dropped_prediction=int(np.sum(~kept_prediction)),
        truth=_table(truth, kept_truth, row, column, iou, main),
        prediction=_table(prediction, kept_prediction, column, row, iou, main),
    )


def match_one_to_one(row: np.ndarray, column: np.ndarray, iou: np.ndarray, threshold: float) -> np.ndarray:
    """Return the positions of the overlaps that match at a threshold, (m,) int64.

    Parameters
    ----------
    row, column : ndarray
        (n,) int64 from 0: the two objects of each overlap.
    iou : ndarray
        (n,) of each overlap.
    """
    able = np.flatnonzero(iou >= threshold)
    if not len(able):
        return able
    n_rows = int(row[able].max()) + 1
    n_nodes = n_rows + int(column[able].max()) + 1
    graph = coo_array(
        (np.ones(len(able), np.int8), (row[able], n_rows + column[able])), shape=(n_nodes, n_nodes)
    )
    _, group = connected_components(graph, directed=False)
    order = np.argsort(group[row[able]], kind="stable")
    edges = np.flatnonzero(np.diff(group[row[able]][order])) + 1
    chosen = [_assign(row[part], column[part], iou[part], part) for part in np.split(able[order], edges)]
    return np.sort(np.concatenate(chosen))


def _assign(row: np.ndarray, column: np.ndarray, iou: np.ndarray, position: np.ndarray) -> np.ndarray:
    """Solve the assignment within one group of objects that overlap each other."""
    if len(position) == 1:
        return position
    rows, r = np.unique(row, return_inverse=True)
    columns, c = np.unique(column, return_inverse=True)
    gain = np.zeros((len(rows), len(columns)))
    gain[r, c] = 1 + iou / (len(rows) + 1)  # one more match always outweighs any sum of IoU
    where = np.full(gain.shape, -1)
    where[r, c] = position
    found: np.ndarray = where[linear_sum_assignment(gain, maximize=True)]
    return found[found >= 0]


def _table(
    objects: Objects,
    is_kept: np.ndarray,
    own: np.ndarray,
    other: np.ndarray,
    iou: np.ndarray,
    matched: np.ndarray,
) -> ObjectTable:
    best = np.zeros(int(is_kept.sum()))
    np.maximum.at(best, own, iou)
    partner = np.zeros(len(best), np.int64)
    partner[own[matched]] = other[matched] + 1
    return ObjectTable(
        voxels=objects.voxels[is_kept],
        centre_px=objects.centre_px[is_kept],
        first_px=objects.first_px[is_kept],
        last_px=objects.last_px[is_kept],
        best_iou=best,
        partner=partner,
    )


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Divide; 0/0 is 1: no object where none is."""
    return np.where(whole == 0, 1.0, part / np.maximum(whole, 1))


def _count_shared(numbers: np.ndarray) -> int:
    """Return how many numbers occur at least twice."""
    return int(np.sum(np.unique(numbers, return_counts=True)[1] >= 2))
