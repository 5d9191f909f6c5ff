"""The company's Stage5 workspace, with whose access keys integrations talk to assistants."""
