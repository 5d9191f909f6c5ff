{{/* Refuse what contradicts itself or would do harm, all of it at once. */}}
{{- define "rotator.validate" -}}
{{- $faults := list -}}
{{- range $part := list "Configuration" "Journal" "Policy" "Identity" "Evidence" "Metrics" -}}
{{- range (include (printf "rotator.faultsOf%s" $part) $ | fromJson).faults -}}
{{- $faults = append $faults (printf "  - %s" .) -}}
{{- end -}}
{{- end -}}
{{- if $faults -}}
{{- fail (printf "\n\nThe values cannot be installed:\n%s\n" (join "\n" $faults)) -}}
{{- end -}}
{{- end -}}

{{- define "rotator.faultsOfConfiguration" -}}
{{- $faults := list -}}
{{- $config := .Values.config -}}
{{- if not (dig "aws" "accounts" list $config) -}}
{{- $faults = append $faults "config.aws needs a region and accounts, such as {region: eu-central-1, accounts: [{id: \"111122223333\"}]}" -}}
{{- end -}}
{{- if hasKey $config "policy" -}}
{{- $faults = append $faults "config.policy is set by the chart: give the policy as `policy.inline` or `policy.existingConfigMap`" -}}
{{- end -}}
{{- if hasKey $config "journal" -}}
{{- $faults = append $faults "config.journal is set by the chart: use `journal.type` and `journal.existingSecret`" -}}
{{- end -}}
{{- if has $config.web.host (list "127.0.0.1" "localhost" "::1") -}}
{{- $faults = append $faults "config.web.host must be an address of the pod, such as 0.0.0.0: no probe gets through to this one" -}}
{{- end -}}
{{- if lt (int $config.web.port) 1 -}}
{{- $faults = append $faults "config.web.port must be a port that is known beforehand, such as 8080" -}}
{{- end -}}
{{- range $name, $_ := .Values.specs -}}
{{- if or (eq $name "rotator.yaml") (not (regexMatch "^[-._a-zA-Z0-9]+$" $name)) -}}
{{- $faults = append $faults (printf "specs.%s is no name for a spec's file: use letters, digits, dots and dashes, and not rotator.yaml" $name) -}}
{{- end -}}
{{- end -}}
{{- range dig "notifications" "channels" list $config -}}
{{- if and (has .type (list "slack" "apprise")) (not (regexMatch "^(env|file):" .url)) -}}
{{- $faults = append $faults (printf "config.notifications.channels, %s: its url is a secret, which would stand in a ConfigMap and in Helm's history: put it into a Secret, name that in `existingSecrets`, and write file:/run/secrets/rotator/NAME/KEY" .name) -}}
{{- end -}}
{{- end -}}
{{- $mounted := (include "rotator.secretNames" . | fromJson).names -}}
{{- range regexFindAll "file:/run/secrets/rotator/[^/\"]+" (toJson $config) -1 | uniq -}}
{{- $name := trimPrefix "file:/run/secrets/rotator/" . -}}
{{- if not (has $name $mounted) -}}
{{- $faults = append $faults (printf "config reads the Secret %s, which is not mounted: add its name to `existingSecrets`" $name) -}}
{{- end -}}
{{- end -}}
{{- dict "faults" $faults | toJson -}}
{{- end -}}

{{- define "rotator.faultsOfJournal" -}}
{{- $faults := list -}}
{{- if include "rotator.hasDatabase" . -}}
{{- if not .Values.journal.existingSecret -}}
{{- $faults = append $faults "journal.existingSecret is needed with `journal.type: postgresql`: the Secret that has the database's URL" -}}
{{- end -}}
{{- else -}}
{{- if .Values.journal.existingSecret -}}
{{- $faults = append $faults "journal.existingSecret is for `journal.type: postgresql`; SQLite needs none" -}}
{{- end -}}
{{- if include "rotator.isReplicated" . -}}
{{- $faults = append $faults "replicaCount above 1 needs `journal.type: postgresql`: a SQLite journal belongs to one pod" -}}
{{- end -}}
{{- $isKept := or .Values.persistence.enabled .Values.persistence.existingClaim -}}
{{- if (include "rotator.madeWith" . | fromJson).isOther -}}
{{- $faults = append $faults (printf "persistence: the StatefulSet is there already, with %s; Kubernetes does not change that: let its journal go on where it is, or run `kubectl --namespace %s delete statefulset %s --cascade=orphan` first" (ternary "a claim of its own" "none of its own" (or (not .Values.persistence.enabled) (ne .Values.persistence.existingClaim ""))) .Release.Namespace (include "rotator.fullname" .)) -}}
{{- end -}}
{{- if and (not $isKept) (ne .Values.config.mode "plan") -}}
{{- $faults = append $faults "persistence.enabled: false loses the journal with its pod, and with it which keys are half rotated: it is for `config.mode: plan` only" -}}
{{- end -}}
{{- end -}}
{{- dict "faults" $faults | toJson -}}
{{- end -}}

{{- define "rotator.faultsOfPolicy" -}}
{{- $faults := list -}}
{{- $policy := .Values.policy -}}
{{- if and $policy.inline $policy.existingConfigMap -}}
{{- $faults = append $faults "policy.inline and policy.existingConfigMap are both set: there is one policy, so leave one out" -}}
{{- end -}}
{{- $text := include "rotator.policy" . -}}
{{- if regexMatch "(?m)type[\"']?: *[\"']?file[\"']? *([,}#]|$)" $text -}}
{{- if include "rotator.isReplicated" . -}}
{{- $faults = append $faults "policy.inline publishes in files, which belong to one pod, and there are several: use another destination, or `replicaCount: 1`" -}}
{{- end -}}
{{- end -}}
{{- $said := $text | fromYaml -}}
{{- if hasKey $said "Error" -}}
{{- $faults = append $faults (printf "policy.inline is no YAML: %s" (get $said "Error")) -}}
{{- else if .Values.rbac.create -}}
{{- $layers := list (dict "what" "defaults" "says" ($said.defaults | default dict)) -}}
{{- range ($said.rules | default list) -}}
{{- $layers = append $layers (dict "what" (printf "rule %s" .name) "says" .) -}}
{{- end -}}
{{- range $layers -}}
{{- $faults = concat $faults (include "rotator.faultsOfGrants" (list $.Values.kubernetes .says .what) | fromJson).faults -}}
{{- end -}}
{{- end -}}
{{- dict "faults" $faults | toJson -}}
{{- end -}}

{{- define "rotator.faultsOfIdentity" -}}
{{- $faults := list -}}
{{- $account := .Values.serviceAccount -}}
{{- if and (not $account.create) (not $account.name) -}}
{{- $faults = append $faults "serviceAccount.name is needed with `serviceAccount.create: false`" -}}
{{- end -}}
{{- if and .Values.aws.irsaRoleArn .Values.aws.existingSecret -}}
{{- $faults = append $faults "aws.irsaRoleArn and aws.existingSecret are both set: there is one identity, so leave one out" -}}
{{- end -}}
{{- if and .Values.aws.irsaRoleArn (not $account.create) -}}
{{- $faults = append $faults "aws.irsaRoleArn is an annotation of the ServiceAccount, which is not the chart's: annotate yours" -}}
{{- end -}}
{{- $annotated := get $account.annotations "eks.amazonaws.com/role-arn" -}}
{{- if and .Values.aws.irsaRoleArn $annotated -}}
{{- $faults = append $faults "aws.irsaRoleArn and the annotation eks.amazonaws.com/role-arn are both set: leave one out" -}}
{{- end -}}
{{- dict "faults" $faults | toJson -}}
{{- end -}}

{{- define "rotator.faultsOfEvidence" -}}
{{- $faults := list -}}
{{- $given := dig "audit" dict .Values.config -}}
{{- $audit := .Values.audit -}}
{{- if and $audit.signing.existingSecret (hasKey $given "signingKey") -}}
{{- $faults = append $faults "audit.signing.existingSecret and config.audit.signingKey are both set: leave one out" -}}
{{- end -}}
{{- if and $audit.witness.existingClaim (dig "checkpoints" "witness" "" $given) -}}
{{- $faults = append $faults "audit.witness.existingClaim and config.audit.checkpoints.witness are both set: leave one out" -}}
{{- end -}}
{{- if and $audit.witness.existingClaim (eq $audit.witness.existingClaim .Values.persistence.existingClaim) -}}
{{- $faults = append $faults "audit.witness.existingClaim is the journal's own claim: a witness is on other storage" -}}
{{- end -}}
{{- with $audit.fingerprints -}}
{{- if and .existingSecret (hasKey $given "fingerprints") -}}
{{- $faults = append $faults "audit.fingerprints.existingSecret and config.audit.fingerprints are both set: leave one out" -}}
{{- end -}}
{{- if and .existingSecret (not (has .current .keys)) -}}
{{- $faults = append $faults "audit.fingerprints.current must be one of audit.fingerprints.keys, which name every key of the Secret" -}}
{{- end -}}
{{- if and (not .existingSecret) (or .keys .current) -}}
{{- $faults = append $faults "audit.fingerprints.existingSecret is needed: the Secret that has these keys" -}}
{{- end -}}
{{- end -}}
{{- dict "faults" $faults | toJson -}}
{{- end -}}

{{- define "rotator.faultsOfMetrics" -}}
{{- $faults := list -}}
{{- $metrics := .Values.metrics -}}
{{- if and $metrics.serviceMonitor.enabled $metrics.podMonitor.enabled -}}
{{- $faults = append $faults "metrics.serviceMonitor and metrics.podMonitor are both on: every pod would be scraped twice" -}}
{{- end -}}
{{- if $metrics.prometheusRule.enabled -}}
{{- $known := list -}}
{{- range $path, $_ := .Files.Glob "files/alerts/*.yaml" -}}
{{- range ($.Files.Get $path | fromYaml).groups -}}
{{- range .rules }}{{ $known = append $known (get . "alert") }}{{ end -}}
{{- end -}}
{{- end -}}
{{- if not $known -}}
{{- $faults = append $faults "metrics.prometheusRule: this copy of the chart lost files/alerts, which is a link to config/alerts: use the packaged chart, or a tool that keeps links" -}}
{{- else -}}
{{- range $metrics.prometheusRule.disabled -}}
{{- if not (has . $known) -}}
{{- $faults = append $faults (printf "metrics.prometheusRule.disabled names %s, which is no alert of rotator's: see config/alerts" .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and $metrics.dashboard.enabled (not (.Files.Glob "files/dashboards/*.json")) -}}
{{- $faults = append $faults "metrics.dashboard: this copy of the chart lost files/dashboards, which is a link to config/dashboards: use the packaged chart, or a tool that keeps links" -}}
{{- end -}}
{{- dict "faults" $faults | toJson -}}
{{- end -}}

{{/* What a rule of the policy needs in the cluster, and the Roles do not grant.
     Takes a list: the value `kubernetes`, the rule or the defaults, and what to call them. */}}
{{- define "rotator.faultsOfGrants" -}}
{{- $asked := index . 0 -}}{{- $rule := index . 1 -}}
{{- $needs := list -}}
{{- range prepend ($rule.followers | default list) ($rule.destination | default dict) -}}
{{- if eq (get . "type") "kubernetes-secret" -}}
{{- $needs = append $needs (list "secrets" . .name) -}}
{{- end -}}
{{- end -}}
{{- with $rule.consumers -}}
{{- range .externalSecrets }}{{ $needs = append $needs (list "externalSecrets" . .name) }}{{ end -}}
{{- range .workloads }}{{ $needs = append $needs (list "workloads" . .name) }}{{ end -}}
{{- range .csi }}{{ $needs = append $needs (list "csi" . .secretProviderClass) }}{{ end -}}
{{- end -}}
{{- $faults := list -}}
{{- range $needs -}}
{{- $list := index . 0 -}}{{- $object := index . 1 -}}{{- $name := index . 2 -}}
{{- $isGranted := false -}}
{{- range get $asked $list -}}
{{- $isNamed := or (contains "{" $name) (has $name .names) -}}
{{- $isSame := and (eq .namespace $object.namespace) (eq (get . "kind") (get $object "kind")) -}}
{{- $isAllowed := and (or .create (not $object.create)) (or (ne (toString .restart) "false") (not $object.restart)) -}}
{{- if and $isSame $isNamed $isAllowed -}}
{{- $isGranted = true -}}
{{- end -}}
{{- end -}}
{{- if not $isGranted -}}
{{- $what := printf "%s in %s" $name $object.namespace -}}
{{- if $object.create }}{{ $what = printf "%s with `create: true`" $what }}{{ end -}}
{{- $faults = append $faults (printf "policy.inline, %s: rotator may not touch what it names: add %s to kubernetes.%s" (index $ 2) $what $list) -}}
{{- end -}}
{{- end -}}
{{- dict "faults" $faults | toJson -}}
{{- end -}}
