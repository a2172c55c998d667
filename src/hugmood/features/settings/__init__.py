"""What people let others see and do."""
