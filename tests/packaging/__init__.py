"""What a clone brings beside the package: scripts, lock files and the image's recipe."""
