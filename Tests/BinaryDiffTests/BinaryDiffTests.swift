// BinaryDiffTests: not written yet.
