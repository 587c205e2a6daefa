"""The memory of the house: engine and transactions, tables and constraints, sealed columns."""
