// CommandSupport: not written yet.
