"""What the lessons use: Docker objects as plain nouns, checks of live state, pictures. No simulation anywhere."""
