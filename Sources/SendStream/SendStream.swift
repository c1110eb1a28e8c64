// SendStream: not written yet.
