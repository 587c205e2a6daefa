"""The HTTP API, version 1 (docs/api.md). Each module holds the endpoints of one kind of thing."""
