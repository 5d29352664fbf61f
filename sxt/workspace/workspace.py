"""What is done in the workspace: bring in, open, segment, reconstruct."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sxt.progress import CancelToken, ProgressCallback, ignore_progress
from sxt.tomogram import Absorbing, Tomogram, VoxelSize, check_voxel_size
from sxt.workspace.importing import VOLUME_FOLDER, import_tomogram
from sxt.workspace.labelling import find_labels, open_labels
from sxt.workspace.layout import InUseError, WorkspaceLayout
from sxt.workspace.manifests import SegmentationManifest, SurfaceManifest, TomogramManifest
from sxt.workspace.segmenting import (
    MASK_FOLDER,
    PROBABILITY_FOLDER,
    SegmentationRequest,
    rethreshold_item,
    segment_item,
    segmentation_name,
)
from sxt.workspace.stored import (
    PartialSegmentation,
    choose_level,
    find_partial_segmentation,
    open_array,
    open_stored_level,
)
from sxt.workspace.surfacing import SurfaceRequest, reconstruct_item

if TYPE_CHECKING:
    from sxt.labels import ClassList, LabelSet
    from sxt.models import Model
    from sxt.segment import SegmentSettings
    from sxt.surface import SurfaceSettings


class Workspace(WorkspaceLayout):
    """A workspace with all that can be done in it.

    Parameters
    ----------
    root : Path
        Made where absent; see `WorkspaceLayout` for what lies in it.
    """

    def import_tomogram(
        self,
        source: str | Path,
        *,
        name: str | None = None,
        dataset: str | None = None,
        voxel_size_nm: VoxelSize | None = None,
        absorbing_is: Absorbing | None = None,
        by: str,
        tomogram_id: str | None = None,
        progress: ProgressCallback = ignore_progress,
        cancel: CancelToken | None = None,
    ) -> TomogramManifest:
        """Convert a file to OME-Zarr with several resolutions, slab by slab, and publish it as a tomogram.

        Parameters
        ----------
        source, dataset, voxel_size_nm, absorbing_is
            As for `sxt.io.read_tomogram`.
        name : str, optional
            For lists; the file's name otherwise.
        by : str
            Who brings it in.
        tomogram_id : str, optional
            The id it gets; drawn otherwise.
        progress : callable
            Told slices read and converted.
        cancel : CancelToken, optional
            Checked once a slab.

        Returns
        -------
        TomogramManifest
            That of the tomogram that is there already where the same content was brought in before.

        Raises
        ------
        InputError
            A file that cannot be read as one volume.
        ResourceError
            Where it would not fit on the disk; nothing has been written then.
        """
        if tomogram_id is not None and (done := self.tomograms.find(tomogram_id)) is not None:
            return done
        return import_tomogram(
            self,
            Path(source),
            name=name,
            dataset=dataset,
            voxel_size_nm=voxel_size_nm,
            absorbing_is=absorbing_is,
            by=by,
            tomogram_id=tomogram_id,
            progress=progress,
            cancel=cancel or CancelToken(),
        )

    def find_tomogram(self, sha256: str, dataset: str | None) -> TomogramManifest | None:
        """Return the tomogram with that content, or None."""
        same = (each for each in self.tomograms.list() if (each.sha256, each.dataset) == (sha256, dataset))
        return next(same, None)

    def open_tomogram(self, tomogram_id: str) -> Tomogram:
        """Open a tomogram at full resolution, with what was declared about it."""
        return self.open_level(tomogram_id, 0)

    def open_level(self, tomogram_id: str, level: int) -> Tomogram:
        """Open one resolution of a tomogram; level 0 is the finest, ``manifest.levels`` lists them."""
        manifest = self.tomograms.get(tomogram_id)
        return open_stored_level(
            self.tomograms.path(tomogram_id) / VOLUME_FOLDER,
            choose_level(manifest.levels, level),
            voxel_size_nm=manifest.voxel_size_nm,
            origin_nm=manifest.origin_nm,
            absorbing_is=manifest.absorbing_is,
            doubts=manifest.doubts,
        )

    def set_voxel_size(
        self, tomogram_id: str, voxel_size_nm: VoxelSize | None, *, by: str
    ) -> TomogramManifest:
        """Declare the voxel size, (z, y, x) in nm; it holds for the tomogram's segmentations too."""
        if voxel_size_nm is not None:
            check_voxel_size(voxel_size_nm)
        changed = self.tomograms.change(
            tomogram_id, lambda old: old.model_copy(update={"voxel_size_nm": voxel_size_nm})
        )
        detail = "unknown" if voxel_size_nm is None else " x ".join(f"{each:g}" for each in voxel_size_nm)
        self.log("set the voxel size of", "tomogram", changed, by=by, detail=detail)
        return changed

    def set_absorbing(self, tomogram_id: str, absorbing_is: Absorbing | None, *, by: str) -> TomogramManifest:
        """Declare whether absorbing structures are dark or bright; None leaves it to be recognised."""
        changed = self.tomograms.change(
            tomogram_id, lambda old: old.model_copy(update={"absorbing_is": absorbing_is})
        )
        self.log("set what absorbs in", "tomogram", changed, by=by, detail=absorbing_is or "unknown")
        return changed

    def segment(
        self,
        tomogram_id: str,
        model: "Model",
        *,
        settings: "SegmentSettings | None" = None,
        device: str = "auto",
        name: str | None = None,
        by: str,
        segmentation_id: str | None = None,
        job_id: str | None = None,
        progress: ProgressCallback = ignore_progress,
        cancel: CancelToken | None = None,
    ) -> SegmentationManifest:
        """Segment a tomogram and publish probability and mask.

        Where an interrupted run of the same ``segmentation_id`` left finished slabs, it goes on after them; the volumes
        have the same bytes as those of a run that was not interrupted. Memory does not grow with the number of slices.

        Parameters
        ----------
        tomogram_id : str
        model, settings, device, progress, cancel
            As for `sxt.segment.segment_tomogram`.
        name : str, optional
            For lists.
        by : str
            Who asks for it.
        segmentation_id : str, optional
            The id it gets; drawn otherwise. One that is finished already is returned as it is.
        job_id : str, optional
            The job it is part of.

        Raises
        ------
        InputError
            Where there is no such tomogram.
        SettingsError, ResourceError, Cancelled
            As for `sxt.segment.segment_to_folder`; finished slabs are kept.
        """
        from sxt.segment.settings import SegmentSettings

        if segmentation_id is not None and (done := self.segmentations.find(segmentation_id)) is not None:
            return done
        tomogram = self.tomograms.get(tomogram_id)
        request = SegmentationRequest(
            tomogram=tomogram,
            segmentation_id=segmentation_id or self.segmentations.draw_id(),
            name=segmentation_name(tomogram, model.spec, name),
            by=by,
            job_id=job_id,
            settings=settings or SegmentSettings(),
            device=device,
        )
        return segment_item(self, request, model, progress=progress, cancel=cancel or CancelToken())

    def open_mask(self, segmentation_id: str, level: int = 0) -> Tomogram:
        """Open the mask of a segmentation (z, y, x) uint8 at one resolution."""
        return self._open_segmented(segmentation_id, MASK_FOLDER, level)

    def open_probability(self, segmentation_id: str, level: int = 0) -> Any:
        """Open the probability of a segmentation, a Zarr array (c, z, y, x) uint8, 0..255 for 0..1."""
        manifest = self.segmentations.get(segmentation_id)
        folder = self.segmentations.path(segmentation_id) / PROBABILITY_FOLDER
        return open_array(folder, choose_level(manifest.levels, level))

    def find_partial_segmentation(self, segmentation_id: str) -> PartialSegmentation | None:
        """Return what is finished of a segmentation that is still being made; None where there is nothing yet."""
        return find_partial_segmentation(self.segmentations.partial_path(segmentation_id))

    def rethreshold(
        self,
        segmentation_id: str,
        threshold: float,
        *,
        by: str,
        job_id: str | None = None,
        progress: ProgressCallback = ignore_progress,
        cancel: CancelToken | None = None,
    ) -> SegmentationManifest:
        """Derive the stored mask from the stored probability with another threshold, in [0, 1).

        Raises
        ------
        InUseError
            Where a running job other than ``job_id`` reads the mask.
        """
        manifest = self.segmentations.get(segmentation_id)
        readers = [
            job
            for job in self.jobs.list()
            if job.state == "running" and job.id != job_id and segmentation_id in job.inputs
        ]
        if readers:
            users = tuple(f"the running job {job.title!r}" for job in readers)
            raise InUseError(
                f"The mask of {manifest.name!r} is read by {users[0]}; change its threshold when that is done.",
                users,
            )
        return rethreshold_item(
            self, manifest, threshold, by=by, progress=progress, cancel=cancel or CancelToken()
        )

    def voxel_size_of(self, segmentation: SegmentationManifest) -> VoxelSize | None:
        """Return the voxel size of the tomogram, where that is still there and knows it."""
        tomogram = self.tomograms.find(segmentation.tomogram_id)
        return None if tomogram is None else tomogram.voxel_size_nm

    def reconstruct(
        self,
        segmentation_id: str,
        *,
        settings: "SurfaceSettings | None" = None,
        name: str | None = None,
        with_grey: bool = True,
        with_scene: bool = True,
        by: str,
        surface_id: str | None = None,
        job_id: str | None = None,
        progress: ProgressCallback = ignore_progress,
        cancel: CancelToken | None = None,
    ) -> SurfaceManifest:
        """Reconstruct and measure the surfaces of a segmentation's mask and publish them.

        Parameters
        ----------
        segmentation_id : str
        settings, progress, cancel
            As for `sxt.surface.reconstruct_surfaces`.
        name : str, optional
            For lists and on the page; that of the segmentation otherwise.
        with_grey : bool
            Whether to measure the tomogram's grey values inside each component.
        with_scene : bool
            Whether to draw the page and the picture.
        by, surface_id, job_id
            As for `segment`.
        """
        from sxt.surface import SurfaceSettings

        if surface_id is not None and (done := self.surfaces.find(surface_id)) is not None:
            return done
        request = SurfaceRequest(
            segmentation=self.segmentations.get(segmentation_id),
            surface_id=surface_id or self.surfaces.draw_id(),
            name=name,
            by=by,
            job_id=job_id,
            settings=settings or SurfaceSettings(),
            with_grey=with_grey,
            with_scene=with_scene,
        )
        return reconstruct_item(self, request, progress=progress, cancel=cancel or CancelToken())

    def open_labels(
        self, tomogram_id: str, *, by: str, classes: "ClassList | None" = None, is_new: bool = True
    ) -> "LabelSet":
        """Open the labels of a tomogram; the first time they are made, unlabelled everywhere.

        Parameters
        ----------
        tomogram_id : str
        by : str
            Who opens them.
        classes : ClassList, optional
            What new labels begin with; otherwise the classes that simulated cells and shipped models have.
        is_new : bool
            Whether to make them where there are none.

        Raises
        ------
        InputError
            Where there is no such tomogram, or its labels are damaged or, without ``is_new``, not there.
        """
        return open_labels(self, tomogram_id, by=by, classes=classes, is_new=is_new)

    def find_labels(self, tomogram_id: str) -> "LabelSet | None":
        """Return the labels of a tomogram, or None where nobody has begun any; nothing is made."""
        return find_labels(self, tomogram_id)

    def _open_segmented(self, segmentation_id: str, folder_name: str, level: int) -> Tomogram:
        manifest = self.segmentations.get(segmentation_id)
        tomogram = self.tomograms.find(manifest.tomogram_id)
        size = None if tomogram is None else tomogram.voxel_size_nm
        z, y, x = (0.0, 0.0, 0.0) if tomogram is None else tomogram.origin_nm
        return open_stored_level(
            self.segmentations.path(segmentation_id) / folder_name,
            choose_level(manifest.levels, level),
            voxel_size_nm=size,
            origin_nm=(z + manifest.first_slice * (0.0 if size is None else size[0]), y, x),
        )
