// DeltaStream: not written yet.
