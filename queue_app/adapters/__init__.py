"""The outside world, one file for each outside thing, and recording doubles of each."""
