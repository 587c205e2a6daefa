"""The rules of the house: pure functions and frozen values, no clock, no I/O, no ORM."""
