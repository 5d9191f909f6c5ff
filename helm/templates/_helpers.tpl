{{/* The chart's name in labels. */}}
{{- define "rotator.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 46 | trimSuffix "-" -}}
{{- end -}}

{{/* The name of every object of the release. Kubernetes and this chart append up to 11 letters. */}}
{{- define "rotator.fullname" -}}
{{- $name := include "rotator.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* The labels that never change, by which pods are selected. */}}
{{- define "rotator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "rotator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* All labels of an object; nobody's own label replaces one that pods are selected by. */}}
{{- define "rotator.labels" -}}
{{- $own := include "rotator.selectorLabels" . | fromYaml -}}
{{- $_ := set $own "app.kubernetes.io/version" (.Chart.AppVersion | toString) -}}
{{- $_ := set $own "app.kubernetes.io/managed-by" .Release.Service -}}
{{- $_ := set $own "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63) -}}
{{- toYaml (merge $own (deepCopy .Values.commonLabels)) -}}
{{- end -}}

{{/* The image; a digest beats a tag. */}}
{{- define "rotator.image" -}}
{{- $registry := .Values.global.imageRegistry | default .Values.image.registry -}}
{{- $name := .Values.image.repository -}}
{{- if $registry }}{{ $name = printf "%s/%s" (trimSuffix "/" $registry) $name }}{{ end -}}
{{- if .Values.image.digest -}}
{{ $name }}@{{ .Values.image.digest }}
{{- else -}}
{{ $name }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{/* As whom the pods run. */}}
{{- define "rotator.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "rotator.fullname" .) -}}
{{- else -}}
{{- .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* What a StatefulSet that is there already was made with, as {"management": TEXT, "modes": [...],
     "isOther": BOOL}. Kubernetes refuses to change any of it: an upgrade keeps the first two, and is
     refused if one has a claim of its own and the other has not. Without a cluster, as in
     `helm template`, nothing is there. */}}
{{- define "rotator.madeWith" -}}
{{- $management := "Parallel" -}}
{{- $modes := list .Values.persistence.accessMode -}}
{{- $isOther := false -}}
{{- with lookup "apps/v1" "StatefulSet" .Release.Namespace (include "rotator.fullname" .) -}}
{{- $management = .spec.podManagementPolicy -}}
{{- $claims := .spec.volumeClaimTemplates | default list -}}
{{- range $claims }}{{ $modes = .spec.accessModes }}{{ end -}}
{{- $hasOwn := and $.Values.persistence.enabled (not $.Values.persistence.existingClaim) -}}
{{- $isOther = ne (empty $claims) (not $hasOwn) -}}
{{- end -}}
{{- dict "management" $management "modes" $modes "isOther" $isOther | toJson -}}
{{- end -}}

{{/* "postgresql" or nothing. */}}
{{- define "rotator.hasDatabase" -}}
{{- if eq .Values.journal.type "postgresql" }}postgresql{{ end -}}
{{- end -}}

{{/* How many pods; a number of 0 is a number, too. */}}
{{- define "rotator.replicas" -}}
{{- if kindIs "invalid" .Values.replicaCount -}}
{{- ternary 2 1 (eq .Values.journal.type "postgresql") -}}
{{- else -}}
{{- .Values.replicaCount | int -}}
{{- end -}}
{{- end -}}

{{/* Whether there is more than one pod: "yes" or nothing. */}}
{{- define "rotator.isReplicated" -}}
{{- if gt (include "rotator.replicas" . | int) 1 }}yes{{ end -}}
{{- end -}}

{{/* The workload, as kubectl calls it. */}}
{{- define "rotator.workload" -}}
{{ ternary "deployment" "statefulset" (eq .Values.journal.type "postgresql") }}/{{ include "rotator.fullname" . }}
{{- end -}}

{{/* Whether anything in this cluster is to be read or changed: "yes" or nothing. */}}
{{- define "rotator.usesCluster" -}}
{{- $asked := .Values.kubernetes -}}
{{- if or $asked.secrets $asked.externalSecrets $asked.workloads $asked.csi (hasKey .Values.config "kubernetes") }}yes{{ end -}}
{{- end -}}

{{/* Where a Secret is mounted, by its name. */}}
{{- define "rotator.secretPath" -}}
/run/secrets/rotator/{{ . }}
{{- end -}}

{{/* The names of all Secrets that are mounted, as {"names": [...]}. */}}
{{- define "rotator.secretNames" -}}
{{- $audit := .Values.audit -}}
{{- $all := list .Values.journal.existingSecret .Values.aws.existingSecret -}}
{{- $all = concat $all (list $audit.signing.existingSecret $audit.fingerprints.existingSecret) -}}
{{- $all = concat $all .Values.existingSecrets -}}
{{- dict "names" (compact $all | uniq | sortAlpha) | toJson -}}
{{- end -}}

{{/* rotator.yaml: what the values say, and where the chart has put things. */}}
{{- define "rotator.configuration" -}}
{{- $config := deepCopy .Values.config -}}
{{- $_ := set $config "policy" (printf "/etc/rotator-policy/%s" .Values.policy.key) -}}
{{- if include "rotator.hasDatabase" . -}}
{{- $folder := include "rotator.secretPath" .Values.journal.existingSecret -}}
{{- $_ := set $config "journal" (dict "url" (printf "file:%s/%s" $folder .Values.journal.existingSecretKey)) -}}
{{- end -}}
{{- if and (include "rotator.usesCluster" .) (not (hasKey $config "kubernetes")) -}}
{{- $_ := set $config "kubernetes" (dict "server" "https://kubernetes.default.svc") -}}
{{- end -}}
{{- $audit := dig "audit" dict $config -}}
{{- with .Values.audit.signing -}}
{{- if .existingSecret -}}
{{- $_ := set $audit "signingKey" (printf "file:%s/%s" (include "rotator.secretPath" .existingSecret) .existingSecretKey) -}}
{{- end -}}
{{- end -}}
{{- with .Values.audit.fingerprints -}}
{{- if .existingSecret -}}
{{- $keys := dict -}}
{{- $folder := include "rotator.secretPath" .existingSecret -}}
{{- range .keys }}{{ $_ := set $keys . (printf "file:%s/%s" $folder .) }}{{ end -}}
{{- $_ := set $audit "fingerprints" (dict "current" .current "keys" $keys) -}}
{{- end -}}
{{- end -}}
{{- if .Values.audit.witness.existingClaim -}}
{{- $checkpoints := dig "checkpoints" dict $audit -}}
{{- $_ := set $checkpoints "witness" "/mnt/witness/rotator.checkpoints" -}}
{{- $_ := set $audit "checkpoints" $checkpoints -}}
{{- end -}}
{{- if $audit }}{{ $_ := set $config "audit" $audit }}{{ end -}}
{{- toYaml $config -}}
{{- end -}}

{{/* The policy that the values give; without one everybody is reported. */}}
{{- define "rotator.policy" -}}
{{- $given := .Values.policy.inline -}}
{{- $head := dict "apiVersion" "rotator/v1" "kind" "Policy" -}}
{{- if kindIs "string" $given -}}
{{- trimSuffix "\n" $given -}}
{{- else if $given -}}
{{- toYaml (merge (deepCopy $given) $head) -}}
{{- else -}}
{{- $everybody := dict "name" "everybody" "match" (dict "principal" "*") "action" "report" -}}
{{- toYaml (set $head "rules" (list $everybody)) -}}
{{- end -}}
{{- end -}}

{{/* Whether an object of another's kind is to be rendered: "yes" or nothing.
     Takes a list: the root, the value with renderMode, the kind. */}}
{{- define "rotator.isRendered" -}}
{{- $root := index . 0 -}}{{- $asked := index . 1 -}}{{- $kind := index . 2 -}}
{{- if $asked.enabled -}}
{{- $isKnown := $root.Capabilities.APIVersions.Has "monitoring.coreos.com/v1" -}}
{{- if or $isKnown (eq $asked.renderMode "alwaysRender") }}yes
{{- else if eq $asked.renderMode "failIfMissing" -}}
{{- fail (printf "the cluster has no %s of monitoring.coreos.com/v1: install the Prometheus Operator, or set its renderMode to skipIfMissing" $kind) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What a monitor asks, and how often. Takes the value of one monitor. */}}
{{- define "rotator.endpoint" -}}
- port: metrics
  path: /metrics
  interval: {{ .interval }}
  scrapeTimeout: {{ .scrapeTimeout }}
  {{- with .relabelings }}
  relabelings:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .metricRelabelings }}
  metricRelabelings:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}
