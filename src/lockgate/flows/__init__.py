"""What needs several rooms."""
