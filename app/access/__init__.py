"""Users, secrets in the OS keyring, and the wrapped key file that stands in for one."""
