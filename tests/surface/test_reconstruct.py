import numpy as np
import pytest

from sxt.errors import Cancelled, InputError, SettingsError
from sxt.progress import CancelToken, Progress
from sxt.surface import SurfaceSet, SurfaceSettings, reconstruct_surfaces
from sxt.tomogram import Tomogram
from tests.surface.phantoms import (
    ball_mask,
    ellipsoid_area,
    ellipsoid_mask,
    faces_of_edges,
    hollow_ball_mask,
    is_oriented,
    signed_volume,
    surface_area,
    torus_mask,
)

KEEP_ALL = SurfaceSettings(min_voxels=0)
NM3_PER_UM3 = 1e9
NM2_PER_UM2 = 1e6

ISOTROPIC = (10.0, 10.0, 10.0)
FLAT = (20.0, 10.0, 10.0)
UNEQUAL = (20.0, 10.0, 7.0)


def reconstruct(mask: np.ndarray, voxel_size_nm=None, settings=KEEP_ALL, **options) -> SurfaceSet:
    return reconstruct_surfaces(
        mask.astype(np.uint8), voxel_size_nm=voxel_size_nm, settings=settings, **options
    )


@pytest.mark.parametrize("spacing", [ISOTROPIC, FLAT, UNEQUAL])
@pytest.mark.parametrize(
    ("mask_of", "volume", "area"),
    [
        (lambda s: ellipsoid_mask((200, 200, 200), s), 4 / 3 * np.pi * 200**3, 4 * np.pi * 200**2),
        (
            lambda s: ellipsoid_mask((100, 160, 300), s),
            4 / 3 * np.pi * 4.8e6,
            ellipsoid_area((100, 160, 300)),
        ),
        (lambda s: torus_mask(300, 110, s), 2 * np.pi**2 * 300 * 110**2, 4 * np.pi**2 * 300 * 110),
    ],
    ids=["sphere", "ellipsoid", "torus"],
)
def test_volume_is_within_1_and_area_within_3_percent_of_the_truth(mask_of, volume, area, spacing):
    surfaces = reconstruct(mask_of(spacing), spacing)
    row = surfaces.table.iloc[0]
    assert len(surfaces.table) == 1
    assert row["volume_um3"] * NM3_PER_UM3 == pytest.approx(volume, rel=0.01)
    assert row["area_um2"] * NM2_PER_UM2 == pytest.approx(area, rel=0.03)
    assert signed_volume(surfaces.mesh.vertices, surfaces.mesh.faces) == pytest.approx(volume, rel=0.01)
    assert surface_area(surfaces.mesh.vertices, surfaces.mesh.faces) == pytest.approx(
        row["area_um2"] * NM2_PER_UM2, rel=1e-4
    )


@pytest.mark.parametrize("radius", [3, 4, 5])
def test_small_balls_keep_volume_and_area(radius):
    row = reconstruct(ellipsoid_mask((radius,) * 3, (1, 1, 1))).table.iloc[0]
    assert row["volume_voxels"] == pytest.approx(4 / 3 * np.pi * radius**3, rel=0.01)
    assert row["area_px2"] == pytest.approx(4 * np.pi * radius**2, rel=0.03)
    assert row["sphericity"] == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("connectivity", [6, 26])
@pytest.mark.parametrize("share", [0.05, 0.3, 0.6])
def test_every_component_of_noise_has_a_closed_outward_mesh_of_its_volume(share, connectivity):
    mask = np.random.default_rng(3).random((16, 20, 24)) < share
    settings = SurfaceSettings(min_voxels=0, connectivity=connectivity)
    surfaces = reconstruct(mask, settings=settings)
    assert surfaces.table["voxels"].sum() == mask.sum()
    assert set(faces_of_edges(surfaces.mesh.faces)) == {2}
    assert is_oriented(surfaces.mesh.faces)
    for row in surfaces.table.itertuples():
        part = surfaces.mesh.component(row.id)
        assert signed_volume(part.vertices, part.faces) == pytest.approx(row.voxels, rel=0.01)


@pytest.mark.parametrize("thickness", [1, 1.5, 2, 3])
def test_a_thin_oblique_sheet_is_neither_lost_nor_cut_through(thickness):
    z, y, x = (g - 19.7 for g in np.ogrid[:40, :40, :40])
    normal = np.array([1, 0.35, 0.6]) / np.linalg.norm([1, 0.35, 0.6])
    depth = z * normal[0] + y * normal[1] + x * normal[2]
    sheet = (np.abs(depth) <= thickness / 2) & (z * z + y * y + x * x - depth**2 <= 16**2)
    surfaces = reconstruct(sheet)
    assert len(surfaces.table) == 1
    mesh = surfaces.mesh
    n_edges = len(faces_of_edges(mesh.faces))
    assert len(mesh.vertices) - n_edges + len(mesh.faces) == 2, (
        "a sheet without holes has the topology of a ball"
    )
    assert signed_volume(mesh.vertices, mesh.faces) == pytest.approx(sheet.sum(), rel=0.01)


def test_a_single_voxel_has_a_closed_mesh_of_one_voxel():
    mask = np.zeros((3, 3, 3))
    mask[1, 1, 1] = 1
    surfaces = reconstruct(mask)
    row = surfaces.table.iloc[0]
    assert row["voxels"] == row["volume_voxels"] == 1
    assert row["longest_width_px"] == 0
    assert row["equivalent_diameter_px"] == pytest.approx((6 / np.pi) ** (1 / 3))
    assert signed_volume(surfaces.mesh.vertices, surfaces.mesh.faces) == pytest.approx(1, rel=0.01)


def test_a_hollow_ball_is_one_object_with_its_lumen_filled():
    mask = hollow_ball_mask(12, 8, (30, 30, 30), (15, 15, 15))
    surfaces = reconstruct(mask)
    row = surfaces.table.iloc[0]
    lumen = int((ball_mask(8, (30, 30, 30), (15, 15, 15))).sum())
    assert len(surfaces.table) == 1
    assert row["volume_voxels"] == mask.sum()
    assert row["filled_volume_voxels"] == mask.sum() + lumen
    assert row["area_px2"] == pytest.approx(4 * np.pi * (12**2 + 8**2), rel=0.03)
    assert row["sphericity"] == pytest.approx(1, abs=0.02)
    assert not row["touches_border"]
    assert signed_volume(surfaces.mesh.vertices, surfaces.mesh.faces) == pytest.approx(mask.sum(), rel=0.01)


def test_an_inner_shell_looks_into_the_lumen():
    mask = hollow_ball_mask(12, 8, (30, 30, 30), (15, 15, 15))
    mesh = reconstruct(mask).mesh
    from_centre = mesh.vertices - 15
    is_inner = np.linalg.norm(from_centre, axis=1) < 10
    assert (np.einsum("ij,ij->i", from_centre, mesh.normals)[is_inner] < 0).all()
    assert (np.einsum("ij,ij->i", from_centre, mesh.normals)[~is_inner] > 0).all()


def test_a_vesicle_inside_a_vesicle_counts_into_the_outer_one_only():
    outer = hollow_ball_mask(14, 11, (34, 34, 34), (17, 17, 17))
    inner = hollow_ball_mask(6, 3, (34, 34, 34), (17, 17, 17))
    table = reconstruct(outer | inner).table
    assert table["filled_volume_voxels"].tolist() == [
        ball_mask(14, (34, 34, 34), (17, 17, 17)).sum(),
        ball_mask(6, (34, 34, 34), (17, 17, 17)).sum(),
    ]


def test_a_hollow_ball_cut_by_the_border_is_closed_and_its_lumen_ends_at_the_border():
    whole = hollow_ball_mask(12, 8, (31, 31, 31), (15, 15, 15))
    surfaces = reconstruct(whole[15:])
    row = surfaces.table.iloc[0]
    filled = ball_mask(12, (31, 31, 31), (15, 15, 15))[15:].sum()
    assert row["touches_border"]
    assert set(faces_of_edges(surfaces.mesh.faces)) == {2}
    assert signed_volume(surfaces.mesh.vertices, surfaces.mesh.faces) == pytest.approx(
        whole[15:].sum(), rel=0.01
    )
    assert row["filled_volume_voxels"] == filled
    half_ball = np.pi ** (1 / 3) * (6 * filled) ** (2 / 3) / (3 * np.pi * 12**2)
    assert row["sphericity"] == pytest.approx(half_ball, rel=0.04)


def test_a_lumen_larger_than_all_that_is_outside_is_still_the_lumen():
    mask = np.zeros((20, 20, 20), np.uint8)
    mask[1:19, 1:19, 1:19] = 1
    mask[2:18, 2:18, 2:18] = 0
    row = reconstruct(mask).table.iloc[0]
    assert row["filled_volume_voxels"] == 18**3
    assert not row["touches_border"]


def test_a_cell_cut_above_and_below_encloses_its_inside():
    outer, inner = ball_mask(9, (1, 24, 24), (0, 12, 12)), ball_mask(7, (1, 24, 24), (0, 12, 12))
    tube = np.repeat(outer - inner, 8, axis=0)
    row = reconstruct(tube).table.iloc[0]
    assert row["filled_volume_voxels"] == 8 * outer.sum()
    assert row["touches_border"]


def test_a_sheet_across_the_tomogram_encloses_neither_side():
    mask = np.zeros((12, 9, 9))
    mask[5:7] = 1
    row = reconstruct(mask).table.iloc[0]
    assert row["filled_volume_voxels"] == row["voxels"] == 162


def test_a_component_as_large_as_the_tomogram_encloses_all_but_the_largest_region():
    mask = np.ones((9, 9, 9))
    mask[:, :, 1:5] = 0
    mask[3:5, 3:5, 7] = 0
    row = reconstruct(mask, settings=SurfaceSettings(min_voxels=90)).table.iloc[0]
    assert row["filled_volume_voxels"] == row["voxels"] + 4


def test_objects_in_a_corner_and_across_the_whole_volume_are_closed():
    mask = np.zeros((8, 9, 10))
    mask[:3, :3, :3] = 1
    mask[:, :, 6:8] = 1
    surfaces = reconstruct(mask)
    assert set(faces_of_edges(surfaces.mesh.faces)) == {2}
    assert surfaces.table["touches_border"].all()
    assert surfaces.table["voxels"].tolist() == [144, 27]


def test_a_mask_that_is_all_foreground_is_one_closed_block():
    surfaces = reconstruct(np.ones((5, 6, 7)))
    row = surfaces.table.iloc[0]
    assert row["filled_volume_voxels"] == row["voxels"] == 210
    assert set(faces_of_edges(surfaces.mesh.faces)) == {2}


def test_touching_classes_stay_apart_and_keep_their_volumes():
    mask = np.zeros((14, 14, 24), np.uint8)
    mask[3:11, 3:11, 2:12] = 1
    mask[3:11, 3:11, 12:22] = 2
    mask[3, 3, 2] = 255
    surfaces = reconstruct(mask)
    assert surfaces.table["class"].tolist() == [2, 1]
    assert surfaces.table["voxels"].tolist() == [640, 639]
    for component in (1, 2):
        part = surfaces.mesh.component(component)
        assert set(faces_of_edges(part.faces)) == {2}
        assert signed_volume(part.vertices, part.faces) == pytest.approx(640, rel=0.01)
    assert any("255" in note for note in surfaces.notes)


def test_a_lumen_filled_by_another_class_counts_as_filled():
    shape, centre = (30, 30, 30), (15, 15, 15)
    shell, core = hollow_ball_mask(12, 8, shape, centre), ball_mask(8, shape, centre)
    table = reconstruct(shell + 2 * core).table.set_index("class")
    assert table.loc[1, "filled_volume_voxels"] == shell.sum() + core.sum()
    assert table.loc[2, "filled_volume_voxels"] == core.sum()


def test_instances_that_touch_stay_apart():
    mask = np.zeros((10, 10, 20), np.uint16)
    mask[2:8, 2:8, 2:10] = 700
    mask[2:8, 2:8, 10:18] = 300
    surfaces = reconstruct_surfaces(
        mask, voxel_size_nm=None, settings=SurfaceSettings(reading="instances", min_voxels=0)
    )
    assert sorted(surfaces.table["class"]) == [300, 700]
    assert surfaces.table["voxels"].tolist() == [288, 288]


def test_connectivity_decides_whether_voxels_that_share_an_edge_are_one_object():
    mask = np.zeros((4, 6, 6))
    mask[1, 1:3, 1:3] = 1
    mask[1, 3:5, 3:5] = 1
    assert reconstruct(mask).table["voxels"].tolist() == [8]
    apart = reconstruct(mask, settings=SurfaceSettings(min_voxels=0, connectivity=6))
    assert apart.table["voxels"].tolist() == [4, 4]
    assert set(faces_of_edges(apart.mesh.faces)) == {2}


def test_vertices_are_x_y_z_in_nm_and_nothing_is_flipped():
    mask = np.zeros((30, 40, 50))
    mask[4:9, 20:31, 6:44] = 1
    vertices = reconstruct(mask, UNEQUAL).mesh.vertices
    middle = (vertices.min(axis=0) + vertices.max(axis=0)) / 2
    np.testing.assert_allclose(middle, [24.5 * 7, 25 * 10, 6 * 20], atol=0.5)
    np.testing.assert_allclose(np.ptp(vertices, axis=0), [38 * 7, 11 * 10, 5 * 20], rtol=0.05)


def test_columns_name_their_units():
    mask = ellipsoid_mask((5, 5, 5), (1, 1, 1))
    assert list(reconstruct(mask, ISOTROPIC).table.columns) == [
        "id", "class", "voxels", "volume_um3", "filled_volume_um3", "area_um2", "equivalent_diameter_um",
        "longest_width_um", "sphericity", "centroid_z_um", "centroid_y_um", "centroid_x_um",
        "min_z", "min_y", "min_x", "max_z", "max_y", "max_x", "touches_border",
    ]  # fmt: skip
    unknown = reconstruct(mask).table.columns
    assert {"volume_voxels", "filled_volume_voxels", "area_px2", "longest_width_px", "centroid_x_px"} <= set(
        unknown
    )
    assert not [name for name in unknown if "_um" in name]


def test_row_of_a_block_as_worked_by_hand():
    mask = np.zeros((10, 20, 30))
    mask[2:5, 4:9, 6:13] = 1
    row = reconstruct(mask, (30.0, 20.0, 10.0)).table.iloc[0]
    assert (row["id"], row["class"], row["voxels"]) == (1, 1, 105)
    assert row["volume_um3"] == pytest.approx(105 * 6000 / NM3_PER_UM3)
    assert row["longest_width_um"] == pytest.approx(np.hypot(np.hypot(2 * 30, 4 * 20), 6 * 10) / 1000)
    assert row[["centroid_z_um", "centroid_y_um", "centroid_x_um"]].tolist() == pytest.approx(
        [0.09, 0.12, 0.09]
    )
    assert row[["min_z", "min_y", "min_x", "max_z", "max_y", "max_x"]].tolist() == [2, 4, 6, 4, 8, 12]
    assert not row["touches_border"]


def test_ids_go_by_size():
    mask = np.zeros((6, 6, 30))
    for start, length in ((1, 2), (6, 8), (18, 5)):
        mask[2:4, 2:4, start : start + length] = 1
    table = reconstruct(mask).table
    assert table["id"].tolist() == [1, 2, 3]
    assert table["min_x"].tolist() == [6, 18, 1]


def test_small_components_are_dropped_and_counted():
    mask = np.zeros((8, 8, 20))
    mask[1:6, 1:6, 1:6] = 1
    mask[3, 3, 10:14] = 1
    surfaces = reconstruct(mask, settings=SurfaceSettings())
    assert surfaces.table["voxels"].tolist() == [125]
    assert (surfaces.dropped, surfaces.dropped_voxels) == (1, 4)
    assert any("left out" in note for note in surfaces.notes)
    assert surfaces.mesh.vertices[:, 0].max() < 7


def test_the_smallest_volume_is_inclusive_and_in_cubic_micrometres():
    mask = np.zeros((8, 8, 20))
    mask[1:5, 1:5, 1:5] = 1
    mask[1:5, 1:5, 10:13] = 1
    least = SurfaceSettings(min_volume_um3=64 * 1000 / NM3_PER_UM3)
    assert reconstruct(mask, ISOTROPIC, least).table["voxels"].tolist() == [64]
    assert len(reconstruct(mask, ISOTROPIC, SurfaceSettings(min_volume_um3=0)).table) == 2


def test_a_smallest_volume_without_voxel_size_is_refused():
    with pytest.raises(SettingsError, match="--voxel-nm"):
        reconstruct(np.ones((4, 4, 4)), settings=SurfaceSettings(min_volume_um3=0.1))
    assert len(reconstruct(np.ones((1, 1, 1)), settings=SurfaceSettings(min_volume_um3=0)).table) == 1


def test_a_mask_of_specks_only_says_how_to_keep_them():
    mask = np.zeros((5, 5, 5))
    mask[2, 2, 2] = 1
    with pytest.raises(InputError, match=r"largest of the 1 components has 1 voxels.*min-volume-um3 0"):
        reconstruct(mask, settings=SurfaceSettings())


def test_smoothing_along_z_that_leaves_nothing_says_so():
    mask = np.zeros((9, 12, 12))
    mask[4] = 1
    with pytest.raises(InputError, match="smooth less"):
        reconstruct(mask, settings=SurfaceSettings(min_voxels=0, smooth_z=1))


def test_grey_values_inside_each_component():
    rng = np.random.default_rng(0)
    mask = np.zeros((12, 10, 14), np.uint8)
    mask[1:6, 1:6, 1:6] = 1
    mask[7:11, 5:9, 8:12] = 1
    grey = rng.normal(3e4, 5, mask.shape).astype(np.float32)
    grey[2, 2, 2] = np.nan
    table = reconstruct(mask, tomogram=Tomogram(grey)).table
    first = grey[1:6, 1:6, 1:6].ravel()
    first = first[np.isfinite(first)].astype(float)
    second = grey[7:11, 5:9, 8:12].astype(float)
    assert table["mean_grey"].tolist() == pytest.approx([first.mean(), second.mean()], rel=1e-9)
    assert table["std_grey"].tolist() == pytest.approx([first.std(), second.std()], rel=1e-6)


def test_a_tomogram_of_another_shape_is_refused():
    with pytest.raises(InputError, match=r"shape \(4, 4, 5\), but the mask has \(4, 4, 4\)"):
        reconstruct(np.ones((4, 4, 4)), tomogram=Tomogram(np.zeros((4, 4, 5))))


def test_the_mask_is_not_changed_and_the_result_is_the_same_again():
    mask = (np.random.default_rng(1).random((12, 12, 12)) < 0.3).astype(np.uint8)
    before = mask.copy()
    first = reconstruct_surfaces(mask, voxel_size_nm=None, settings=KEEP_ALL)
    second = reconstruct_surfaces(mask, voxel_size_nm=None, settings=KEEP_ALL)
    np.testing.assert_array_equal(mask, before)
    np.testing.assert_array_equal(first.mesh.vertices, second.mesh.vertices)
    np.testing.assert_array_equal(first.mesh.faces, second.mesh.faces)
    assert first.table.equals(second.table)


def test_progress_names_the_stages_and_cancel_stops_between_them():
    mask = ellipsoid_mask((5, 5, 5), (1, 1, 1))
    seen: list[Progress] = []
    reconstruct(mask, progress=seen.append)
    stages = list(dict.fromkeys(p.stage for p in seen))
    assert stages == [
        "read the mask",
        "label",
        "mesh",
        "enclosed volumes",
        "shape",
        "widths",
        "simplify for display",
    ]

    cancel = CancelToken()

    def stop_at_mesh(progress: Progress) -> None:
        if progress.stage == "mesh":
            cancel.cancel()
            cancel.cancel()

    with pytest.raises(Cancelled):
        reconstruct(mask, progress=stop_at_mesh, cancel=cancel)
