"""Repository rules as code: desired state, what GitHub has, the difference, and its calls in a safe order."""
