"""The repository's rules as code: desired state, the remote's, the difference, and what the difference would break."""
