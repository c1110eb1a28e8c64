// DeltaStreamTests: not written yet.
