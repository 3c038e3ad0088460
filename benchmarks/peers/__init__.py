"""Other rule engines at the same work: how they are set up, and the load they get."""
