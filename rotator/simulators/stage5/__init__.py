"""A simulated Stage5: the people, projects and access keys of workspaces.

**The API that it speaks is our own invention.** Nothing public is known of Stage5's:
no endpoint, no field, no header, no status. What is taken from its documentation is
what a workspace's access keys can do and who may manage them; how that is said over
HTTP resembles common REST and nothing else. A spec that works here therefore proves
that our provider can do everything that the documentation speaks of. It proves nothing
about Stage5's own service, and none of these paths may be sent there.
"""
