{{- define "pratique.name" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "pratique.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (include "pratique.name" .) -}}
{{- end -}}

{{/* By these the Service, the budget and the Deployment find their Pods, so no value changes them. */}}
{{- define "pratique.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* Ours win over the values', here and below: `merge` keeps what its first argument has. */}}
{{- define "pratique.labels" -}}
{{- $own := include "pratique.selectorLabels" . | fromYaml -}}
{{- $_ := set $own "app.kubernetes.io/version" .Chart.AppVersion -}}
{{- $_ := set $own "app.kubernetes.io/managed-by" .Release.Service -}}
{{- $_ := set $own "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_") -}}
{{- merge $own (.Values.commonLabels | default dict) | toYaml -}}
{{- end -}}

{{/* Without the chart's version: Pods are not replaced because a template of something else has changed. */}}
{{- define "pratique.podLabels" -}}
{{- $own := include "pratique.selectorLabels" . | fromYaml -}}
{{- $_ := set $own "app.kubernetes.io/version" .Chart.AppVersion -}}
{{- merge $own (.Values.podLabels | default dict) (.Values.commonLabels | default dict) | toYaml -}}
{{- end -}}

{{/* The metadata of an object. Of: root; a name, unless it is the release's; scope, "cluster" or none; labels and annotations of its own. */}}
{{- define "pratique.metadata" -}}
name: {{ .name | default (include "pratique.name" .root) }}
{{- if ne (.scope | default "") "cluster" }}
namespace: {{ .root.Release.Namespace }}
{{- end }}
labels:
  {{- merge (include "pratique.labels" .root | fromYaml) (.labels | default dict) | toYaml | nindent 2 }}
{{- with merge (deepCopy (.annotations | default dict)) (.root.Values.commonAnnotations | default dict) }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "pratique.image" -}}
{{- $repository := required "image.repository is empty: leave it out of your values to have its default" .Values.image.repository -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" $repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{/* The port of an address of the configuration, such as 0.0.0.0:8443. */}}
{{- define "pratique.port" -}}
{{- regexFind "[0-9]+$" . -}}
{{- end -}}

{{- define "pratique.webhookPort" -}}
{{- include "pratique.port" (.Values.config.listen | default "0.0.0.0:8443") -}}
{{- end -}}

{{- define "pratique.metricsPort" -}}
{{- include "pratique.port" (.Values.config.metricsListen | default "0.0.0.0:9090") -}}
{{- end -}}

{{/* The Secret that the serving certificate is in. */}}
{{- define "pratique.certificateSecret" -}}
{{- $certificate := .Values.certificate -}}
{{- if eq $certificate.mode "secret" -}}
{{- required "certificate.mode is secret: certificate.secretName must name the Secret (kubernetes.io/tls) with the serving certificate" $certificate.secretName -}}
{{- else if eq $certificate.mode "cert-manager" -}}
{{- printf "%s-tls" (include "pratique.name" .) -}}
{{- else -}}
{{- printf "%s-certificate" (include "pratique.name" .) -}}
{{- end -}}
{{- end -}}

{{/*
The CAs that the API server trusts the webhook by, in mode `secret`; Pratique or cert-manager fills them in otherwise. Files that end
without a line feed and are put together make a text that the API server takes, and cannot read when it calls.
*/}}
{{- define "pratique.caBundle" -}}
{{- $pem := required "certificate.mode is secret: certificate.caBundle must be the CA certificate that the serving certificate was signed with, as PEM (--set-file certificate.caBundle=ca.crt)" .Values.certificate.caBundle -}}
{{- if not (contains "-----BEGIN CERTIFICATE-----" $pem) -}}
{{- fail "certificate.caBundle is not a certificate as PEM text; give it as --set-file certificate.caBundle=ca.crt" -}}
{{- end -}}
{{- $pem | replace "-----END CERTIFICATE----------BEGIN CERTIFICATE-----" "-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----" | b64enc -}}
{{- end -}}

{{/* Whether what runs is scanned. */}}
{{- define "pratique.scans" -}}
{{- gt (float64 (dig "audit" "scanMinutes" 0 .Values.config)) 0.0 -}}
{{- end -}}

{{/* Whether refusals, and what audit finds, are Events. */}}
{{- define "pratique.admissionEvents" -}}
{{- dig "audit" "admissionEvents" false .Values.config -}}
{{- end -}}
