"""Drift: which features moved away from a reference window, when, by how much, and what of it is composition."""





