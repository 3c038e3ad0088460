"""Schema histories, one linear line of revisions per database kind."""
