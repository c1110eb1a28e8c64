// UpdateBuilder: not written yet.
