// BinaryDiff: not written yet.
