// DeltaCommands: not written yet.
