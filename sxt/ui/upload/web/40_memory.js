// Which uploads were begun in this browser, so that they can go on after a reload.

class Memory {
  constructor(api) {
    this.key = `sxt-uploads:${api}`;
  }

  list() {
    try {
      const kept = JSON.parse(localStorage.getItem(this.key) ?? "{}");
      return kept && typeof kept === "object" ? kept : {};
    } catch {
      return {};
    }
  }

  keep(upload) {
    const { id, name, size, isFolder, received } = upload;
    this.change((all) => (all[upload.fingerprint] = { id, name, size, isFolder, received }));
  }

  forget(fingerprint) {
    this.change((all) => delete all[fingerprint]);
  }

  change(edit) {
    const all = this.list();
    edit(all);
    try {
      localStorage.setItem(this.key, JSON.stringify(all));
    } catch {
      // a browser that keeps nothing cannot go on after a reload; all else works
    }
  }
}
