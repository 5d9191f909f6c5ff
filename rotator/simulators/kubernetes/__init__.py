"""A simulated Kubernetes API server, with the controllers that consumers of a secret need.

What it rests on: the API conventions (resource versions, generations, `Status` objects,
preconditions, partial metadata), KEP-555 (server-side apply: sets of fields, conflicts, force),
the documented rules of the RBAC authorizer, and the documented behaviour of Deployments,
StatefulSets, DaemonSets, External Secrets and the Secrets Store CSI driver.

What it leaves out: watches that stay open (one ends after what has happened is told), admission
webhooks, JSON patches, protobuf, quotas, former pages of a list that has changed since, garbage
collection in the background (owned objects go with their owner at once), former templates of
StatefulSets, and the schema of what it serves beyond the fields that matter here.
"""
