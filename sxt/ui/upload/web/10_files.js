// What is to be sent: a file, or a folder of slices as one thing.

const HIDDEN = /^\./;
const SLICE = /\.tiff?$/i;
const ZARR = /\.zarr$/i;

function describeFile(file) {
  return {
    name: file.name,
    isFolder: false,
    files: [file],
    size: file.size,
    fingerprint: `${file.name}|${file.size}|${file.lastModified}`,
  };
}

// A folder counts by the slices that lie directly in it. `problem` says why it cannot be sent.
function describeFolder(name, files) {
  if (ZARR.test(name)) {
    return { name, problem: "An OME-Zarr folder comes in from a data folder of the server, not by upload." };
  }
  const slices = files.filter((file) => SLICE.test(file.name) && !HIDDEN.test(file.name) && file.size > 0);
  if (slices.length === 0) return { name, problem: "There are no TIFF slices directly in this folder." };
  const size = slices.reduce((sum, file) => sum + file.size, 0);
  const newest = Math.max(...slices.map((file) => file.lastModified));
  return {
    name,
    isFolder: true,
    files: slices,
    size,
    fingerprint: `${name}/|${slices.length}|${size}|${newest}`,
  };
}

function describeChosen(list) {
  return [...list].map((file) =>
    file.size > 0 ? describeFile(file) : { name: file.name, problem: "The file is empty (0 bytes)." },
  );
}

// What a folder picker gives: files with paths such as `run 7/slice1.tif`; deeper ones are left out.
function describePickedFolder(list) {
  const direct = [...list].filter((file) => file.webkitRelativePath.split("/").length === 2);
  const first = list[0]?.webkitRelativePath.split("/")[0];
  return first ? [describeFolder(first, direct)] : [];
}

async function describeDropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (entries.length === 0) return describeChosen(transfer.files);
  const found = [];
  for (const entry of entries) {
    if (entry.isFile) {
      found.push(...describeChosen([await fileOf(entry)]));
    } else {
      const inner = (await listEntries(entry)).filter((each) => each.isFile);
      found.push(describeFolder(entry.name, await Promise.all(inner.map(fileOf))));
    }
  }
  return found;
}

function fileOf(entry) {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

// A reader hands out a folder's entries in portions.
async function listEntries(folder) {
  const reader = folder.createReader();
  const all = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return all;
    all.push(...some);
  }
}
