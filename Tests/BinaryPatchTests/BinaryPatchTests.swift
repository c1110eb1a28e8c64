// BinaryPatchTests: not written yet.
