"""The newcomer's steps in a real browser, with pictures: `make tour`."""
