"""What is said of objects of every kind: their row in the resource table, record, metadata, names, labels and texts."""
