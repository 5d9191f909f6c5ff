"""`rotator demo`: the real daemon against a simulated AWS, 120 days in some seconds."""
