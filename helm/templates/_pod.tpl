{{/* What of the configuration the pods are given, and how; the daemon's and the check's alike. */}}
{{- define "rotator.mounts" -}}
# Directories, not single files: a file mounted by itself is never updated.
- name: config
  mountPath: /etc/rotator
  readOnly: true
- name: policy
  mountPath: /etc/rotator-policy
  readOnly: true
- name: data
  mountPath: /var/lib/rotator
- name: tmp
  mountPath: /tmp
{{- range (include "rotator.secretNames" . | fromJson).names }}
- name: secret-{{ sha256sum . | trunc 8 }}
  mountPath: {{ include "rotator.secretPath" . }}
  readOnly: true
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The volumes of these mounts, but `data`. */}}
{{- define "rotator.volumes" -}}
- name: config
  configMap:
    name: {{ include "rotator.fullname" . }}
- name: policy
  configMap:
    name: {{ .Values.policy.existingConfigMap | default (printf "%s-policy" (include "rotator.fullname" .)) }}
# In memory, so that nothing reaches the node's disk.
- name: tmp
  emptyDir:
    medium: Memory
    sizeLimit: {{ .Values.tmpSizeLimit }}
{{- range (include "rotator.secretNames" . | fromJson).names }}
- name: secret-{{ sha256sum . | trunc 8 }}
  secret:
    secretName: {{ . }}
    defaultMode: 0440
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The environment: AWS's credentials file, and what the values add. */}}
{{- define "rotator.environment" -}}
{{- with .Values.aws.existingSecret }}
- name: AWS_SHARED_CREDENTIALS_FILE
  value: {{ include "rotator.secretPath" . }}/{{ $.Values.aws.existingSecretKey }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* What the daemon's pod and the check's have in common, but containers and volumes. */}}
{{- define "rotator.podBasics" -}}
serviceAccountName: {{ include "rotator.serviceAccountName" . }}
enableServiceLinks: false
{{- with .Values.hostUsers | toJson }}
{{- if ne . "null" }}
hostUsers: {{ . }}
{{- end }}
{{- end }}
{{- with concat .Values.global.imagePullSecrets .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  {{- toYaml .Values.podSecurityContext | nindent 2 }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The template of the daemon's pods, in the StatefulSet and in the Deployment. */}}
{{- define "rotator.podTemplate" -}}
metadata:
  labels:
    {{- toYaml (merge (include "rotator.labels" . | fromYaml) (deepCopy .Values.podLabels)) | nindent 4 }}
  annotations:
    # Only what is read at the start: the policy is loaded while the daemon runs.
    checksum/config: {{ include "rotator.configData" . | sha256sum }}
    kubectl.kubernetes.io/default-container: rotator
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  {{- include "rotator.podBasics" . | nindent 2 }}
  # The token of the cluster is for those features alone that need it.
  automountServiceAccountToken: {{ if include "rotator.usesCluster" . }}true{{ else }}false{{ end }}
  terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if .Values.topologySpreadConstraints }}
  topologySpreadConstraints:
    {{- toYaml .Values.topologySpreadConstraints | nindent 4 }}
  {{- else if include "rotator.isReplicated" . }}
  topologySpreadConstraints:
    {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
    - maxSkew: 1
      topologyKey: {{ . }}
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "rotator.selectorLabels" $ | nindent 10 }}
    {{- end }}
  {{- end }}
  {{- with .Values.extraInitContainers }}
  initContainers:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: rotator
      image: {{ include "rotator.image" . }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      command: ["rotator"]
      args:
        - run
        - --config
        - /etc/rotator/rotator.yaml
        {{- with .Values.extraArgs }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- with include "rotator.environment" . | trim }}
      env:
        {{- . | nindent 8 }}
      {{- end }}
      {{- with .Values.extraEnvFrom }}
      envFrom:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      ports:
        - name: metrics
          containerPort: {{ .Values.config.web.port }}
          protocol: TCP
      startupProbe:
        {{- toYaml .Values.startupProbe | nindent 8 }}
      livenessProbe:
        {{- toYaml .Values.livenessProbe | nindent 8 }}
      readinessProbe:
        {{- toYaml .Values.readinessProbe | nindent 8 }}
      securityContext:
        {{- toYaml .Values.securityContext | nindent 8 }}
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      volumeMounts:
        {{- include "rotator.mounts" . | nindent 8 }}
        {{- if .Values.audit.witness.existingClaim }}
        - name: witness
          mountPath: /mnt/witness
        {{- end }}
    {{- with .Values.extraContainers }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  volumes:
    {{- include "rotator.volumes" . | nindent 4 }}
    {{- with .Values.audit.witness.existingClaim }}
    - name: witness
      persistentVolumeClaim:
        claimName: {{ . }}
    {{- end }}
{{- end -}}
