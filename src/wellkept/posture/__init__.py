"""What is wrong, or could be narrower, with how secrets are kept and reached."""
