"""Damaged files through every reader: `python -m benchmarks.fuzz --runs N`.

Each run takes a small file of one format, damages it in one to four ways that its number decides, and reads it. Only
the errors meant for people may come out; what is read has to be sound (no NaN, distinct row hashes). Beside that, files
built to exhaust memory have to be refused within bounds.
"""
