"""Skills at run time: the lock on disk, where the client finds skills, and what a request is told of them."""
