"""The versioned object store: what is kept, its history, and what an update or a deletion may do."""
