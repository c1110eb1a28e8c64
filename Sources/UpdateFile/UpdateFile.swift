// UpdateFile: not written yet.
