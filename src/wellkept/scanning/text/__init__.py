"""What bytes say once they are read as text: UTF-16, and base64, hex, URL and JSON escapes undone."""
