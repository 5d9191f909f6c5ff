"""Where people are told; a later issue fills this room."""
