// UpdateFileTests: not written yet.
