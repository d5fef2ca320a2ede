"""What templates may call; the settings make all of it known to every template."""
