// LinuxTests: not written yet.
