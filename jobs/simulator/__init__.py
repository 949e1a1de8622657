"""A made-up RLHF project with known truth, written in the formats real tools write."""
