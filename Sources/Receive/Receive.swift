// Receive: not written yet.
