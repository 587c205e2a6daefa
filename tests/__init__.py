"""A package, so that `tests` is ours: libraries among the requirements install a top-level package of that name."""
