"""What the Help page says."""

PAGES = {
    "home": "What is in the workspace, what runs, and what to do next.",
    "upload": "Bring in a tomogram: from your computer, from the server's data folders, or a simulated one to try.",
    "viewer": "Look through the slices of a tomogram in three planes, with masks, probabilities or labels over them.",
    "segment": "Find structures in tomograms with a model version, and set the threshold on the result.",
    "surface": "Build and measure 3D surfaces from a segmentation, look at them, and export meshes and tables.",
    "label": "Mark structures in slices by hand or with help, and decide about the labels that a model proposes.",
    "train": "Train a model version on labels, and watch it learn.",
    "metrics": "Compare model versions with labels: scores, and where they miss or see too much.",
    "models": "The model versions there are, with their cards; choose the default, import, export, delete.",
    "shares": "Links to read-only 3D views for people without an account; make, list and revoke them.",
    "jobs": "What runs and waits, with logs; disk use and the trash; who did what.",
    "help": "This page.",
}

FIRST_STEPS = """\
1. Bring in a tomogram on **Upload**. What the file does not say, such as the voxel size, is asked for there.
2. Press **Segment**: choose a model version and start. It runs as a job; you may close the browser meanwhile.
3. Look at the result over the slices and move the threshold until the outlines are right.
4. On **Surface**, build the surfaces. The table has one row an object; what you filter there decides what is drawn.
5. On **Shares**, make a link for a collaborator, or save the view as one file that opens offline.

Where the result is not good enough: mark some slices on **Label**, train a version on **Train**, and compare it on
**Metrics**. The bar on top of every page says what is selected, and so does the address: a bookmark opens the same view
again.
"""

FORMATS = (
    (
        "reads",
        "TIFF (ImageJ, OME, BigTIFF, compressed, a folder of single slices), MRC (.mrc, .rec, .st), HDF5, NumPy, "
        "Zarr and OME-Zarr 0.4 and 0.5, AmiraMesh, Zeiss .txm",
    ),
    ("told apart", "by content, not by name"),
    ("writes volumes", "TIFF that ImageJ opens with the right voxel size, MRC, NumPy, OME-Zarr as ZIP"),
    ("writes surfaces", "VTP, PLY, OBJ, STL, GLB, CSV, PNG, one HTML file that opens offline"),
)

TILT_SERIES = """\
Tilt series (.txrm, .xrm, aligned projections) are not volumes: reconstruct them first. Several volumes in one HDF5 file
are listed, and you choose.
"""

UNITS = """\
Voxel sizes and mesh vertices are in nm; lengths, areas and volumes in µm, µm² and µm³. Where the voxel size is unknown
they are in voxels: set it, and make the surface again. Volumes are (z, y, x), mesh vertices (x, y, z); no axis is ever
flipped.
"""

MEASUREMENTS = (
    ("volume", "the voxels of an object times the volume of one voxel"),
    ("filled volume", "with what the object encloses: for a ring or a shell, wall and inside together"),
    ("area", "of the smooth surface, inner surfaces of hollow objects included"),
    ("equivalent diameter", "of the ball that has the same volume"),
    ("longest width", "the largest distance between two voxels of the object"),
    (
        "sphericity",
        "area of the ball with the filled volume, over the area of the filled shape: 1 for a ball, less for anything "
        "else; a hollow ball counts as round",
    ),
    ("centroid", "the mean position of its voxels; the first voxel of the volume is at 0"),
    ("touches border", "it goes on outside the tomogram, so its volume and area are lower bounds"),
    ("mean grey, std grey", "mean and standard deviation of the tomogram's values inside the object"),
    ("probability", "how sure the model is of a pixel, 0 to 1; the threshold decides what becomes mask"),
    ("Dice", "2 × overlap / (size of one + size of the other), 0 to 1"),
)

DATA = """\
Everything lies in folders below **{root}**, without a database: `tomograms`, `segmentations`, `surfaces`, `labels`,
`models`, `jobs`, `shares`, `trash`, `uploads`. Volumes are OME-Zarr, tables CSV, weights safetensors, all else JSON, so
other programs can read them. To back it up, copy the folder. What is deleted waits in the trash until that is emptied.
"""

LICENCES = """\
sxt is under the MIT licence. It stands on these packages, which have their own licences. **stpyvista is under the
GPL-3.0**: that matters to whoever passes this dashboard on together with it, and to nobody who only uses it.
"""
