"""Who may talk to the bridge, what each may do, and what was done: enrolment, keys, tokens, roles, the audit log."""
