// UpdateInstaller: not written yet.
