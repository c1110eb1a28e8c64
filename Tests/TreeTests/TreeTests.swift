// TreeTests: not written yet.
