"""One file per REST resource; every `Controller` found here is served."""
