"""Matazu (待たず): counter appointments and queues for city halls."""

__version__ = "0.1.0"
