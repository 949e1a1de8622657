"""`/api/v1`: reads and writes for programs. `table.py` lists every operation once; routes and OpenAPI come from it."""
