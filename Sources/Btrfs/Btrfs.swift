// Btrfs: not written yet.
