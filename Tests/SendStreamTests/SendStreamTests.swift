// SendStreamTests: not written yet.
