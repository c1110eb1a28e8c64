// XZ: not written yet.
