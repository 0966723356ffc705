"""The whole CI/CD pipeline of a Python package as one tool."""

__version__ = "0.1.0"
