"""What answers under a mount. Each engine is a package beside ``base``."""
