// XZTests: not written yet.
