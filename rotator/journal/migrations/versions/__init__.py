"""One module per migration; its name says whether it expands or contracts."""
