"""Compare model versions."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from sxt.jobs.kinds.base import JobContext, JobKind, JobOutcome, JobSettings
from sxt.metrics import EvaluationSettings, StatisticsSettings
from sxt.metrics.study import MAX_VERSIONS
from sxt.segment.settings import SegmentSettings
from sxt.workspace import ItemKind, SegmentationManifest, Workspace
from sxt.workspace.evaluating import ComparisonRequest, ModelUse, compare_in_workspace
from sxt.workspace.ids import ItemId


class CompareSettings(JobSettings):
    """What to compare; see `sxt.workspace.evaluating.ComparisonRequest`.

    Parameters
    ----------
    device : {"auto", "cpu"}
        For segmentations that are not there yet; ``auto`` takes the GPU of the worker.
    """

    tomogram_ids: Annotated[tuple[ItemId, ...], Field(min_length=1)]
    models: Annotated[tuple[str, ...], Field(min_length=1, max_length=MAX_VERSIONS)]
    baseline: str | None = None
    with_labels: bool = True
    hold_out_only: bool = True
    segment: SegmentSettings = Field(default_factory=SegmentSettings)
    settings: EvaluationSettings = Field(default_factory=EvaluationSettings)
    statistics: StatisticsSettings = Field(default_factory=StatisticsSettings)
    device: Literal["auto", "cpu"] = "auto"

    def describe(self, workspace: Workspace) -> str:
        n = len(self.tomogram_ids)
        found = workspace.tomograms.find(self.tomogram_ids[0])
        where = f"{n} tomograms" if n > 1 else "a tomogram" if found is None else found.name
        return f"Compare {', '.join(self.models)} on {where}"

    def inputs(self) -> Mapping[str, ItemKind]:
        return dict.fromkeys(self.tomogram_ids, "tomogram")

    def request(self) -> ComparisonRequest:
        """Return what the workspace is asked for."""
        return ComparisonRequest(
            tomogram_ids=self.tomogram_ids,
            models=self.models,
            baseline=self.baseline,
            with_labels=self.with_labels,
            hold_out_only=self.hold_out_only,
            segment=self.segment,
            settings=self.settings,
            statistics=self.statistics,
        )


def find_models(workspace: Workspace, settings: CompareSettings) -> tuple[ModelUse, ...]:
    """Return the versions to compare, which must be there."""
    from sxt.models import SHIPPED_ROOT, find_model
    from sxt.models.config import read_config
    from sxt.models.registry import CONFIG_FILE

    roots = (workspace.models_root, SHIPPED_ROOT)
    configs = [read_config(find_model(spec, root=roots) / CONFIG_FILE) for spec in settings.models]
    chosen = settings.segment.threshold
    return tuple(ModelUse(each, each.threshold if chosen is None else chosen) for each in configs)


def run_compare(context: JobContext, settings: CompareSettings) -> JobOutcome:
    """Compare, segmenting first what is not segmented yet; each segmentation that is finished stays."""
    workspace, job = context.workspace, context.job

    def segment(tomogram_id: str, use: ModelUse) -> SegmentationManifest:
        from sxt.models import SHIPPED_ROOT, load_model

        return workspace.segment(
            tomogram_id,
            load_model(use.spec, root=(workspace.models_root, SHIPPED_ROOT)),
            settings=settings.segment,
            device=context.device if settings.device == "auto" else settings.device,
            by=job.submitted_by,
            job_id=job.id,
            progress=context.progress,
            cancel=context.cancel,
        )

    found = compare_in_workspace(
        workspace,
        settings.request(),
        find_models(workspace, settings),
        segment=segment,
        by=job.submitted_by,
        progress=context.progress,
        cancel=context.cancel,
    )
    return JobOutcome((found,))


KIND = JobKind("compare", "compute", CompareSettings, run_compare)
