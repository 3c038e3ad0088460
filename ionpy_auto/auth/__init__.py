"""Who may do what, and the record of who did: roles, the audit, small server values."""
