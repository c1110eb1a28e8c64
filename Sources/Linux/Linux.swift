// Linux: not written yet.
