// BinaryPatch: not written yet.
