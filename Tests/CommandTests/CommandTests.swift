// CommandTests: not written yet.
