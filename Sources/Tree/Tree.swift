// Tree: not written yet.
