"""Metrics of segmentations against labels, and the comparison of model versions.

Voxels, thresholds and calibration, surfaces, objects and centrelines, slab by slab; 255 in a label volume is never
counted.
"""

from sxt.metrics.agreement import Agreement, measure_agreement
from sxt.metrics.comparison import Comparison, EvaluatedVersion, ScoreOfVersion, compare_versions
from sxt.metrics.difference import (
    ObjectChanges,
    VoxelChanges,
    compare_objects,
    count_changes,
    map_difference,
)
from sxt.metrics.evaluate import evaluate_pair, evaluate_versions
from sxt.metrics.evaluation import ClassEvaluation, Evaluation, EvaluationSettings, name_classes
from sxt.metrics.output import StudyFiles, read_study, summarise, write_study
from sxt.metrics.pair import UNLABELLED, ChannelSource, ClassName, MaskPair, is_foreground_255
from sxt.metrics.records import from_record, to_record
from sxt.metrics.running import EvaluationStore, run_study
from sxt.metrics.scores import SCORE_NAMES, BinaryCounts, score, score_all
from sxt.metrics.statistics import Interval, StatisticsSettings, Verdict
from sxt.metrics.study import Study, TomogramInfo, VersionInfo
from sxt.metrics.study_input import Labels, Prediction, StudyInput

__all__ = [
    "SCORE_NAMES",
    "UNLABELLED",
    "Agreement",
    "BinaryCounts",
    "ChannelSource",
    "ClassEvaluation",
    "ClassName",
    "Comparison",
    "EvaluatedVersion",
    "Evaluation",
    "EvaluationSettings",
    "EvaluationStore",
    "Interval",
    "Labels",
    "MaskPair",
    "ObjectChanges",
    "Prediction",
    "ScoreOfVersion",
    "StatisticsSettings",
    "Study",
    "StudyFiles",
    "StudyInput",
    "TomogramInfo",
    "Verdict",
    "VersionInfo",
    "VoxelChanges",
    "compare_objects",
    "compare_versions",
    "count_changes",
    "evaluate_pair",
    "evaluate_versions",
    "from_record",
    "is_foreground_255",
    "map_difference",
    "measure_agreement",
    "name_classes",
    "read_study",
    "run_study",
    "score",
    "score_all",
    "summarise",
    "to_record",
    "write_study",
]
