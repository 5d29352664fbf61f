"""Ways for tomograms to come in: sent by a browser piece by piece, or chosen from the server's data folders."""

from sxt.ui.upload.data_folders import FolderEntry, FolderListing, list_data_folder, resolve_data_path
from sxt.ui.upload.store import OffsetError, TooLargeError, UploadStore
from sxt.ui.upload.upload import Upload, UploadFile, UploadState

__all__ = [
    "FolderEntry",
    "FolderListing",
    "OffsetError",
    "TooLargeError",
    "Upload",
    "UploadFile",
    "UploadState",
    "UploadStore",
    "list_data_folder",
    "resolve_data_path",
]
