{{- define "foresail.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 50 | trimSuffix "-" }}
{{- end }}

{{- define "foresail.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else if contains (include "foresail.name" .) .Release.Name }}
{{- .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "foresail.name" .) | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "foresail.selectorLabels" -}}
app.kubernetes.io/name: {{ include "foresail.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "foresail.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "foresail.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "foresail.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "foresail.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "foresail.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{- define "foresail.tokenSecret" -}}
{{- default (printf "%s-api" (include "foresail.fullname" .)) .Values.api.existingSecret }}
{{- end }}

{{- define "foresail.claim" -}}
{{- default (printf "%s-data" (include "foresail.fullname" .)) .Values.persistence.existingClaim }}
{{- end }}

{{/* Whether a volume keeps the SQLite file; empty means no. */}}
{{- define "foresail.persistent" -}}
{{- if and (eq .Values.database.kind "sqlite") .Values.persistence.enabled }}yes{{ end }}
{{- end }}

{{/* The namespaces that are watched where not the whole cluster is. */}}
{{- define "foresail.namespaces" -}}
{{- dict "list" (default (list .Release.Namespace) .Values.scope.namespaces) | toYaml }}
{{- end }}

{{/* Roles and what they may do, from the program's own table. */}}
{{- define "foresail.rules" -}}
{{- $all := (.root.Files.Get "files/permissions.yaml" | fromYaml) }}
{{- $rules := list }}
{{- range .groups }}
{{- $rules = concat $rules (get $all .) }}
{{- end }}
{{- toYaml $rules }}
{{- end }}

{{/* The configuration file of the program. */}}
{{- define "foresail.config" -}}
{{- $store := dict "url" "/var/lib/foresail/foresail.db" }}
{{- if eq .Values.database.kind "postgres" }}
{{- $store = dict "url_file" "/etc/foresail/database/url" }}
{{- end }}
{{- $config := dict
  "store" $store
  "api" (dict "listen" "0.0.0.0:7780" "token_file" "/etc/foresail/api/token")
  "log" (dict "level" .Values.log.level "format" .Values.log.format)
  "kubernetes" (dict "logs" .Values.logs)
}}
{{- with .Values.cluster }}
{{- $_ := set $config "cluster" . }}
{{- end }}
{{- if eq .Values.scope.kind "namespaces" }}
{{- $_ := set $config.kubernetes "namespaces" (include "foresail.namespaces" . | fromYaml).list }}
{{- end }}
{{- $server := dict }}
{{- with .Values.prometheus }}
{{- with .url }}{{- $_ := set $server "url" . }}{{- end }}
{{- with .selector }}{{- $_ := set $server "selector" . }}{{- end }}
{{- with .headers }}{{- $_ := set $server "headers" . }}{{- end }}
{{- if eq .auth.kind "basic" }}
{{- $_ := set $server "user" .auth.user }}
{{- $_ := set $server "password_file" "/etc/foresail/prometheus/password" }}
{{- else if eq .auth.kind "bearer" }}
{{- $_ := set $server "token_file" "/etc/foresail/prometheus/token" }}
{{- end }}
{{- if .clientCertificate.existingSecret }}
{{- $_ := set $server "client_certificate" "/etc/foresail/prometheus-client/tls.crt" }}
{{- $_ := set $server "client_key" "/etc/foresail/prometheus-client/tls.key" }}
{{- end }}
{{- if or .ca.existingSecret .ca.existingConfigMap }}
{{- $_ := set $server "ca_file" "/etc/foresail/prometheus-ca/ca.crt" }}
{{- end }}
{{- end }}
{{- if $server }}
{{- $_ := set $config "prometheus" $server }}
{{- end }}
{{- toYaml (mustMergeOverwrite $config (deepCopy .Values.config)) }}
{{- end }}
