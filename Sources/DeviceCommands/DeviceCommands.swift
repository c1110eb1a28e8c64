// DeviceCommands: not written yet.
